// Endpoints that are told how exports end: registered, changed, rotated, disabled and removed, each with its event.
// Of a URL the event has the origin: its path and its query are how receivers know a sender, so they are secrets.
import { randomUUID } from 'node:crypto'
import { type Actor, recordEvent } from '../audit/record.ts'
import { type Database, Prisma } from '../database/client.ts'
import { interval } from '../database/sql.ts'
import type { WebhookEndpoint } from '../generated/prisma/client.ts'
import type { WebhookEvent } from '../vocabulary/webhook-events.ts'
import type { SecretBox } from './secret-box.ts'
import { createWebhookSecret } from './signature.ts'

export type EndpointRow = WebhookEndpoint

/** Why an endpoint is not told: an admin's will, its answer 410, or that no try has succeeded for days. */
export type DisabledReason = 'admin' | 'gone' | 'failing'

export interface NewEndpoint {
  readonly url: string
  readonly events: readonly WebhookEvent[]
  readonly description: string
}

export interface EndpointChange {
  readonly url?: string | undefined
  readonly events?: readonly WebhookEvent[] | undefined
  readonly description?: string | undefined
  readonly enabled?: boolean | undefined
}

/** After a rotation the secret before signs too for this long (milliseconds), so that receivers can change over. */
const OVERLAP = 24 * 3_600_000

/** Whose an endpoint's secret is, to the box. */
export function endpointOwner(id: string): string {
  return `endpoint:${id}`
}

/** @returns the row, and the secret in clear: the only time it is seen. @throws WaybillError WEBHOOKS_NOT_CONFIGURED */
export async function createEndpoint(
  db: Database,
  box: SecretBox,
  { url, events, description }: NewEndpoint,
  actor: Actor,
): Promise<{ row: EndpointRow; secret: string }> {
  const id = randomUUID()
  const secret = createWebhookSecret()
  const sealed = box.seal(secret, endpointOwner(id))
  const row = await db.$transaction(async (tx) => {
    const data = { id, url, events: [...events], description, createdBy: actor.name, secret: sealed }
    const created = await tx.webhookEndpoint.create({ data })
    await recordEvent(tx, {
      type: 'webhook-endpoint.created',
      actor,
      data: { endpointId: id, origin: new URL(url).origin, events },
    })
    return created
  })
  return { row, secret }
}

/** Newest first. */
export function listEndpoints(db: Database): Promise<EndpointRow[]> {
  return db.webhookEndpoint.findMany({ orderBy: [{ createdAt: 'desc' }, { id: 'desc' }] })
}

export async function findEndpoint(db: Database, id: string): Promise<EndpointRow | undefined> {
  return (await db.webhookEndpoint.findUnique({ where: { id } })) ?? undefined
}

/** Undefined: there is none. Enabled again, it starts without a past. */
export async function changeEndpoint(
  db: Database,
  id: string,
  change: EndpointChange,
  actor: Actor,
): Promise<EndpointRow | undefined> {
  const { url, events, description, enabled } = change
  const data = {
    ...(url === undefined ? {} : { url }),
    ...(events === undefined ? {} : { events: [...events] }),
    ...(description === undefined ? {} : { description }),
    ...(enabled === true ? { enabled, disabledAt: null, disabledReason: null, failingSince: null } : {}),
    updatedAt: new Date(),
  }
  return db.$transaction(async (tx) => {
    const [row] = await tx.webhookEndpoint.updateManyAndReturn({ where: { id }, data })
    if (row === undefined) return undefined
    if (enabled === false) await disable(tx, id, 'admin')
    const fields = Object.entries(change).flatMap(([name, value]) => (value === undefined ? [] : [name]))
    await recordEvent(tx, {
      type: 'webhook-endpoint.changed',
      actor,
      data: { endpointId: id, fields, origin: new URL(row.url).origin, enabled: enabled ?? row.enabled },
    })
    return tx.webhookEndpoint.findUniqueOrThrow({ where: { id } })
  })
}

/**
 * The worker's doing, for a reason that it has seen. False: it was disabled before.
 *
 * @param onlyIfFailingFor milliseconds without a single success
 */
export async function disableEndpoint(
  db: Database,
  id: string,
  reason: DisabledReason,
  by: string,
  onlyIfFailingFor?: number,
): Promise<boolean> {
  return db.$transaction(async (tx) => {
    if (!(await disable(tx, id, reason, onlyIfFailingFor))) return false
    await recordEvent(tx, { type: 'webhook-endpoint.disabled', actor: by, data: { endpointId: id, reason } })
    return true
  })
}

/** No further try is made to deliver what is pending; new events are not kept for it. */
async function disable(
  tx: Pick<Database, '$executeRaw'>,
  id: string,
  reason: DisabledReason,
  onlyIfFailingFor?: number,
): Promise<boolean> {
  const isFailing =
    onlyIfFailingFor === undefined
      ? Prisma.sql`true`
      : Prisma.sql`failing_since < now() - ${interval(onlyIfFailingFor)}`
  const disabled = await tx.$executeRaw`
    UPDATE waybill.webhook_endpoints SET enabled = false, disabled_at = now(), disabled_reason = ${reason}, updated_at = now()
    WHERE id = ${id}::uuid AND enabled AND ${isFailing}`
  if (disabled === 0) return false
  // A try that is being written down holds its delivery and waits for the endpoint: it is passed over, as the next try
  // will find the endpoint disabled.
  await tx.$executeRaw`
    UPDATE waybill.webhook_deliveries SET status = 'failed', next_attempt_at = NULL, claim_token = NULL, ended_at = now()
    WHERE id IN (SELECT id FROM waybill.webhook_deliveries
      WHERE endpoint_id = ${id}::uuid AND status = 'pending' FOR UPDATE SKIP LOCKED)`
  return true
}

/** With its deliveries. False: there is none. */
export async function removeEndpoint(db: Database, id: string, actor: Actor): Promise<boolean> {
  return db.$transaction(async (tx) => {
    await tx.webhookDelivery.deleteMany({ where: { endpointId: id } })
    const [row] = await tx.$queryRaw<{ url: string }[]>`
      DELETE FROM waybill.webhook_endpoints WHERE id = ${id}::uuid RETURNING url`
    if (row === undefined) return false
    await recordEvent(tx, {
      type: 'webhook-endpoint.deleted',
      actor,
      data: { endpointId: id, origin: new URL(row.url).origin },
    })
    return true
  })
}

/** The new secret; the one before signs beside it for a day. Undefined: there is no such endpoint. */
export async function rotateEndpointSecret(
  db: Database,
  box: SecretBox,
  id: string,
  actor: Actor,
): Promise<{ row: EndpointRow; secret: string } | undefined> {
  const secret = createWebhookSecret()
  const sealed = box.seal(secret, endpointOwner(id))
  return db.$transaction(async (tx) => {
    const count = await tx.$executeRaw`
      UPDATE waybill.webhook_endpoints SET previous_secret = secret, secret = ${sealed}, updated_at = now(),
        previous_secret_until = now() + ${interval(OVERLAP)}
      WHERE id = ${id}::uuid`
    if (count === 0) return undefined
    const row = await tx.webhookEndpoint.findUniqueOrThrow({ where: { id } })
    await recordEvent(tx, { type: 'webhook-endpoint.secret-rotated', actor, data: { endpointId: id } })
    return { row, secret }
  })
}
