// Records delivery attempts. Each write names the token of its attempt, so that a late attempt changes nothing.
import { type Database, Prisma } from '../database/client.ts'
import { interval } from '../database/sql.ts'
import { TEST_EVENT } from '../vocabulary/webhook-events.ts'
import { type DisabledReason, disableEndpoint } from './endpoints.ts'

/** A delivery that a worker has claimed for one attempt. */
export interface ClaimedDelivery {
  readonly id: string
  readonly token: string
  readonly endpointId: string | null
  readonly exportId: string | null
  readonly requesterId: string | null
  readonly type: string
  readonly data: unknown
  readonly createdAt: Date
  /** Including this attempt. */
  readonly attempts: number
  /** Null: the endpoint has been removed. */
  readonly url: string | null
  readonly enabled: boolean
  /** Encrypted. */
  readonly secret: string | null
  /** Encrypted. Only set while it still signs. */
  readonly previousSecret: string | null
}

/** The outcome of one attempt. */
export interface AttemptResult {
  readonly milliseconds: number
  readonly status?: number | undefined
  readonly error?: string | undefined
  readonly answer: string
}

/** The target of a delivery, and when its next attempt is due. */
export interface PendingDelivery {
  readonly endpointId: string | null
  /** The caller who set the `webhookUrl`; null: the target is an endpoint. */
  readonly requesterId: string | null
  readonly url: string | null
  /** Milliseconds until the attempt is due; 0 or less: it is due. */
  readonly wait: number
}

/** An endpoint that has failed for this long without any success is disabled. */
const DISABLE_AFTER_FAILING_MS = 5 * 86_400_000

/** After this long without an attempt, earlier failures no longer count. Longer than any delay of the schedule. */
const FORGET_FAILURES_AFTER_MS = 2 * 86_400_000

/** @returns undefined if there is nothing to send */
export async function findPendingDelivery(db: Database, id: string): Promise<PendingDelivery | undefined> {
  const [found] = await db.$queryRaw<PendingDelivery[]>`
    SELECT d.endpoint_id AS "endpointId", x.requester_id AS "requesterId",
      coalesce(e.url, x.webhook_url) AS url,
      extract(epoch FROM d.next_attempt_at - now())::float8 * 1000 AS wait
    FROM waybill.webhook_deliveries d
      LEFT JOIN waybill.webhook_endpoints e ON e.id = d.endpoint_id
      LEFT JOIN waybill.exports x ON x.id = d.export_id AND d.endpoint_id IS NULL
    WHERE d.id = ${id}::uuid AND d.status = 'pending' AND d.next_attempt_at IS NOT NULL`
  return found
}

/** @param lease milliseconds after which the attempt counts as lost and another one may start */
export async function claimDelivery(
  db: Database,
  id: string,
  token: string,
  lease: number,
): Promise<ClaimedDelivery | undefined> {
  const [claimed] = await db.$queryRaw<ClaimedDelivery[]>`
    WITH claimed AS (
      UPDATE waybill.webhook_deliveries SET claim_token = ${token}::uuid, attempts = attempts + 1,
        next_attempt_at = now() + ${interval(lease)}
      WHERE id = ${id}::uuid AND status = 'pending' AND next_attempt_at <= now() RETURNING *
    )
    SELECT d.id, d.claim_token AS token, d.endpoint_id AS "endpointId", d.export_id AS "exportId",
      x.requester_id AS "requesterId", d.type, d.data, d.created_at AS "createdAt", d.attempts,
      coalesce(e.url, x.webhook_url) AS url, coalesce(e.enabled OR d.type = ${TEST_EVENT}, true) AS enabled,
      coalesce(e.secret, s.secret) AS secret,
      CASE WHEN coalesce(e.previous_secret_until, s.previous_secret_until) > now()
        THEN coalesce(e.previous_secret, s.previous_secret) END AS "previousSecret"
    FROM claimed d
      LEFT JOIN waybill.webhook_endpoints e ON e.id = d.endpoint_id
      LEFT JOIN waybill.exports x ON x.id = d.export_id AND d.endpoint_id IS NULL
      LEFT JOIN waybill.webhook_secrets s ON s.requester_id = x.requester_id`
  return claimed
}

/** Also clears the failures of the endpoint. */
export async function recordDelivered(db: Database, delivery: ClaimedDelivery, result: AttemptResult): Promise<void> {
  await db.$executeRaw`
    WITH own AS (
      UPDATE waybill.webhook_deliveries SET status = 'delivered', next_attempt_at = NULL, claim_token = NULL, ended_at = now()
      WHERE ${ownedBy(delivery)} RETURNING endpoint_id
    ), attempted AS (${insertAttempt(delivery, result)})
    UPDATE waybill.webhook_endpoints SET failing_since = NULL
    WHERE id = (SELECT endpoint_id FROM own) AND failing_since IS NOT NULL`
}

/**
 * @param delay milliseconds until the next attempt; undefined: no further attempt
 * @returns when the next attempt is due
 */
export async function recordFailure(
  db: Database,
  delivery: ClaimedDelivery,
  result: AttemptResult,
  delay: number | undefined,
): Promise<Date | undefined> {
  const next = delay === undefined ? Prisma.sql`NULL::timestamptz` : Prisma.sql`now() + ${interval(delay)}`
  const isTest = delivery.type === TEST_EVENT
  const [own] = await db.$queryRaw<{ dueAt: Date | null }[]>`
    WITH own AS (
      UPDATE waybill.webhook_deliveries SET next_attempt_at = ${next}, claim_token = NULL,
        status = (CASE WHEN ${next} IS NULL THEN 'failed' ELSE 'pending' END)::waybill.delivery_status,
        ended_at = CASE WHEN ${next} IS NULL THEN now() END
      WHERE ${ownedBy(delivery)} RETURNING endpoint_id, next_attempt_at
    ), attempted AS (${insertAttempt(delivery, result)}), failing AS (
      UPDATE waybill.webhook_endpoints e SET failing_since = now()
      WHERE id = (SELECT endpoint_id FROM own) AND NOT ${isTest} AND (failing_since IS NULL OR NOT EXISTS (
        SELECT FROM waybill.webhook_deliveries d JOIN waybill.webhook_tries t ON t.delivery_id = d.id
        WHERE d.endpoint_id = e.id AND d.type <> ${TEST_EVENT} AND t.at > now() - ${interval(FORGET_FAILURES_AFTER_MS)}))
    )
    SELECT next_attempt_at AS "dueAt" FROM own`
  return own?.dueAt ?? undefined
}

/** Undoes the claim of an attempt that a shutdown interrupted. */
export async function releaseDelivery(db: Database, delivery: ClaimedDelivery): Promise<void> {
  await db.$executeRaw`
    UPDATE waybill.webhook_deliveries SET attempts = attempts - 1, next_attempt_at = now(), claim_token = NULL
    WHERE ${ownedBy(delivery)}`
}

/** Ends a delivery whose endpoint was removed or disabled after the event. */
export async function dropDelivery(db: Database, delivery: ClaimedDelivery): Promise<void> {
  if (delivery.url === null) await db.$executeRaw`DELETE FROM waybill.webhook_deliveries WHERE ${ownedBy(delivery)}`
  else {
    await db.$executeRaw`
      UPDATE waybill.webhook_deliveries SET status = 'failed', next_attempt_at = NULL, claim_token = NULL, ended_at = now(),
        attempts = attempts - 1
      WHERE ${ownedBy(delivery)}`
  }
}

/** Disables the endpoint of a failed attempt if the receiver answered 410 or has failed for days. @returns the reason */
export async function disableIfUnreachable(
  db: Database,
  { endpointId, type }: ClaimedDelivery,
  isGone: boolean,
  by: string,
): Promise<DisabledReason | undefined> {
  if (endpointId === null || type === TEST_EVENT) return undefined
  if (isGone) return (await disableEndpoint(db, endpointId, 'gone', by)) ? 'gone' : undefined
  return (await disableEndpoint(db, endpointId, 'failing', by, DISABLE_AFTER_FAILING_MS)) ? 'failing' : undefined
}

function ownedBy({ id, token }: ClaimedDelivery): Prisma.Sql {
  return Prisma.sql`id = ${id}::uuid AND claim_token = ${token}::uuid`
}

/** Also records an attempt that was considered lost, because it was made. */
function insertAttempt({ id }: ClaimedDelivery, { milliseconds, status, error, answer }: AttemptResult): Prisma.Sql {
  return Prisma.sql`INSERT INTO waybill.webhook_tries (delivery_id, at, milliseconds, status, error, answer)
    SELECT id, now() - ${interval(milliseconds)}, ${Math.round(milliseconds)}::int, ${status ?? null}::int, ${error ?? null}, ${answer}
    FROM waybill.webhook_deliveries WHERE id = ${id}::uuid`
}
