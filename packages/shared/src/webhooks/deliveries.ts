// Lists, redelivers and removes deliveries, and finds those that are due.
import { randomUUID } from 'node:crypto'
import { type Actor, recordEvent } from '../audit/record.ts'
import { MAX_TRIES_IN_DELIVERY } from '../contract/webhooks.ts'
import type { Database, Prisma } from '../database/client.ts'
import { interval } from '../database/sql.ts'
import type { WebhookDelivery, WebhookTry } from '../generated/prisma/client.ts'
import { TEST_EVENT } from '../vocabulary/webhook-events.ts'

export type DeliveryRow = WebhookDelivery
export type TryRow = WebhookTry

export interface DeliveryWithTries extends DeliveryRow {
  /** The last {@link MAX_TRIES_IN_DELIVERY} attempts, oldest first. */
  readonly tries: readonly TryRow[]
  /** Of all attempts. */
  readonly tryCount: number
}

/** A pending delivery and the time of its next attempt. */
export interface DueDelivery {
  readonly id: string
  readonly dueAt: Date
}

export interface DeliveryPage {
  readonly limit: number
  /** Id of the last delivery of the previous page. */
  readonly after?: string | undefined
}

const NEWEST_FIRST = [
  { createdAt: 'desc' },
  { id: 'desc' },
] as const satisfies Prisma.WebhookDeliveryOrderByWithRelationInput[]

/** Newest first, with the last attempts. Returns one delivery more than `limit` if there is a next page. */
export async function listDeliveries(
  db: Database,
  where: { endpointId: string } | { exportId: string; endpointId?: null },
  { limit, after }: DeliveryPage,
): Promise<DeliveryWithTries[]> {
  const rows = await db.webhookDelivery.findMany({
    where,
    orderBy: [...NEWEST_FIRST],
    take: limit + 1,
    ...(after === undefined ? {} : { cursor: { id: after }, skip: 1 }),
  })
  return addTries(db, rows)
}

/**
 * In SQL, because Prisma reads all rows of a relation before it applies `take` to each parent, and the caller decides how
 * many attempts a delivery has.
 */
async function addTries(db: Database, rows: readonly DeliveryRow[]): Promise<DeliveryWithTries[]> {
  const ids = rows.map(({ id }) => id)
  const [tries, counts] = await Promise.all([
    db.$queryRaw<TryRow[]>`
      SELECT t.id, t.delivery_id AS "deliveryId", t.at, t.milliseconds, t.status, t.error, t.answer
      FROM unnest(${ids}::uuid[]) AS d(id) CROSS JOIN LATERAL (
        SELECT * FROM waybill.webhook_tries WHERE delivery_id = d.id ORDER BY id DESC LIMIT ${MAX_TRIES_IN_DELIVERY}) t
      ORDER BY t.id`,
    db.$queryRaw<{ deliveryId: string; count: number }[]>`
      SELECT delivery_id AS "deliveryId", count(*)::int AS count FROM waybill.webhook_tries
      WHERE delivery_id = ANY (${ids}::uuid[]) GROUP BY delivery_id`,
  ])
  const triesOf = Map.groupBy(tries, ({ deliveryId }) => deliveryId)
  const countOf = new Map(counts.map(({ deliveryId, count }) => [deliveryId, count]))
  return rows.map((row) => ({ ...row, tries: triesOf.get(row.id) ?? [], tryCount: countOf.get(row.id) ?? 0 }))
}

/** All attempts of a delivery, newest first. Returns one more than `limit` if there is a next page. */
export function listTries(
  db: Database,
  deliveryId: string,
  { limit, cursor }: { readonly limit: number; readonly cursor?: string | undefined },
): Promise<TryRow[]> {
  return db.webhookTry.findMany({
    where: { deliveryId, ...(cursor === undefined ? {} : { id: { lt: BigInt(cursor) } }) },
    orderBy: { id: 'desc' },
    take: limit + 1,
  })
}

export async function findDelivery(db: Database, id: string): Promise<DeliveryWithTries | undefined> {
  const row = await db.webhookDelivery.findUnique({ where: { id } })
  return row === null ? undefined : (await addTries(db, [row]))[0]
}

/** Sends a test event to the endpoint. It is attempted once. */
export function createTestDelivery(db: Database, endpointId: string, actor: Actor): Promise<DeliveryWithTries> {
  const data = { id: randomUUID(), endpointId, type: TEST_EVENT, data: { endpointId }, nextAttemptAt: new Date() }
  return db.$transaction(async (tx) => {
    const delivery = await tx.webhookDelivery.create({ data })
    await recordEvent(tx, { type: 'webhook-endpoint.tested', actor, data: { endpointId, deliveryId: delivery.id } })
    return { ...delivery, tries: [], tryCount: 0 }
  })
}

/** Starts the schedule again under the same id. A delivery that is being sent stays unchanged. */
export async function redeliver(db: Database, { id, exportId, endpointId }: DeliveryRow, actor: Actor): Promise<void> {
  await db.$transaction(async (tx) => {
    const count = await tx.$executeRaw`
      UPDATE waybill.webhook_deliveries SET status = 'pending', attempts = 0, next_attempt_at = now(), ended_at = NULL
      WHERE id = ${id}::uuid AND claim_token IS NULL`
    if (count === 0) return
    const about = exportId === null ? {} : { exportId }
    await recordEvent(tx, {
      type: 'webhook-delivery.redelivered',
      actor,
      ...about,
      data: { deliveryId: id, ...(endpointId === null ? {} : { endpointId }) },
    })
  })
}

/** Due deliveries of one export. */
export function listDueOf(db: Database, exportId: string): Promise<DueDelivery[]> {
  return db.$queryRaw<DueDelivery[]>`
    SELECT id, next_attempt_at AS "dueAt" FROM waybill.webhook_deliveries
    WHERE export_id = ${exportId}::uuid AND status = 'pending' AND next_attempt_at <= now()`
}

/**
 * Due deliveries in rounds: the first of each receiver, then the second of each, so that an unavailable receiver does
 * not delay the others. All URLs of one requester count as one receiver, because a caller can name any number of them.
 */
export function listDue(db: Database, limit: number): Promise<DueDelivery[]> {
  return db.$queryRaw<DueDelivery[]>`
    SELECT id, next_attempt_at AS "dueAt" FROM (
      SELECT d.id, d.next_attempt_at,
        row_number() OVER (PARTITION BY coalesce(d.endpoint_id::text, x.requester_id) ORDER BY d.next_attempt_at) AS round
      FROM waybill.webhook_deliveries d
        LEFT JOIN waybill.exports x ON x.id = d.export_id AND d.endpoint_id IS NULL
      WHERE d.status = 'pending' AND d.next_attempt_at <= now()
    ) due ORDER BY round, next_attempt_at LIMIT ${limit}`
}

/** Removes deliveries that ended more than `ttl` milliseconds ago, with their attempts. @returns the number removed */
export function removeOldDeliveries(db: Database, ttl: number, limit: number): Promise<number> {
  return db.$executeRaw`
    DELETE FROM waybill.webhook_deliveries WHERE id IN (
      SELECT id FROM waybill.webhook_deliveries
      WHERE status <> 'pending' AND ended_at < now() - ${interval(ttl)} LIMIT ${limit})`
}
