// Registers, changes, disables and removes webhook endpoints, and records each change in the audit trail.
// Events hold only the origin of a URL, because receivers often use path or query as a secret.
import { randomUUID } from 'node:crypto'
import { type Actor, recordEvent } from '../audit/record.ts'
import { type Database, Prisma } from '../database/client.ts'
import { interval } from '../database/sql.ts'
import type { WebhookEndpoint } from '../generated/prisma/client.ts'
import type { WebhookEvent } from '../vocabulary/webhook-events.ts'
import type { SecretBox } from './secret-box.ts'
import { endpointOwner, newSecret, replaceSecret } from './secrets.ts'

export type EndpointRow = WebhookEndpoint

/** Disabled by an admin, because the receiver answered 410, or because no attempt has succeeded for days. */
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

/** @returns the row and the secret in plain text, which cannot be shown again @throws WaybillError WEBHOOKS_NOT_CONFIGURED */
export async function createEndpoint(
  db: Database,
  box: SecretBox,
  { url, events, description }: NewEndpoint,
  actor: Actor,
): Promise<{ row: EndpointRow; secret: string }> {
  const id = randomUUID()
  const { secret, sealed } = newSecret(box, endpointOwner(id))
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

/** Enabling an endpoint clears its failures. @returns undefined if the endpoint does not exist */
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
 * Disables an endpoint on behalf of a worker.
 *
 * @param onlyIfFailingFor required milliseconds without any success
 * @returns false if nothing changed
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

/** Pending deliveries fail, and new events create no deliveries for this endpoint. */
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
  // An attempt that is being recorded has locked its delivery and waits for this endpoint. Skipping that delivery avoids
  // a deadlock; the next attempt will find the endpoint disabled.
  await tx.$executeRaw`
    UPDATE waybill.webhook_deliveries SET status = 'failed', next_attempt_at = NULL, claim_token = NULL, ended_at = now()
    WHERE id IN (SELECT id FROM waybill.webhook_deliveries
      WHERE endpoint_id = ${id}::uuid AND status = 'pending' FOR UPDATE SKIP LOCKED)`
  return true
}

/** Also removes its deliveries. @returns false if the endpoint does not exist */
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

/** The previous secret also signs for one more day. @returns undefined if the endpoint does not exist */
export async function rotateEndpointSecret(
  db: Database,
  box: SecretBox,
  id: string,
  actor: Actor,
): Promise<{ row: EndpointRow; secret: string } | undefined> {
  const { secret, sealed } = newSecret(box, endpointOwner(id))
  return db.$transaction(async (tx) => {
    const count = await tx.$executeRaw`
      UPDATE waybill.webhook_endpoints AS current SET updated_at = now(), ${replaceSecret(sealed)}
      WHERE id = ${id}::uuid`
    if (count === 0) return undefined
    const row = await tx.webhookEndpoint.findUniqueOrThrow({ where: { id } })
    await recordEvent(tx, { type: 'webhook-endpoint.secret-rotated', actor, data: { endpointId: id } })
    return { row, secret }
  })
}
