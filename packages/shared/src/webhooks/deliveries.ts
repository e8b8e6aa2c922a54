// Deliveries as callers and the reconciler see them: listed, sent again, found due, and forgotten.
import { randomUUID } from 'node:crypto'
import { type Actor, recordEvent } from '../audit/record.ts'
import type { Database, Prisma } from '../database/client.ts'
import { interval } from '../database/sql.ts'
import type { WebhookDelivery, WebhookTry } from '../generated/prisma/client.ts'
import { TEST_EVENT } from '../vocabulary/webhook-events.ts'

export type DeliveryRow = WebhookDelivery
export type DeliveryWithTries = DeliveryRow & { readonly tries: readonly WebhookTry[] }

/** A delivery that waits for its turn, and when that is. */
export interface DueDelivery {
  readonly id: string
  readonly dueAt: Date
}

export interface Page {
  readonly limit: number
  /** The id of the last delivery of the page before. */
  readonly after?: string | undefined
}

const NEWEST_FIRST = [
  { createdAt: 'desc' },
  { id: 'desc' },
] as const satisfies Prisma.WebhookDeliveryOrderByWithRelationInput[]
const WITH_TRIES = { tries: { orderBy: { id: 'asc' } } } as const

/** Newest first, with every try; one more than `limit` when there is a next page. */
export function listDeliveries(
  db: Database,
  where: { endpointId: string } | { exportId: string; endpointId?: null },
  { limit, after }: Page,
): Promise<DeliveryWithTries[]> {
  return db.webhookDelivery.findMany({
    where,
    orderBy: [...NEWEST_FIRST],
    take: limit + 1,
    ...(after === undefined ? {} : { cursor: { id: after }, skip: 1 }),
    include: WITH_TRIES,
  })
}

export async function findDelivery(db: Database, id: string): Promise<DeliveryWithTries | undefined> {
  return (await db.webhookDelivery.findUnique({ where: { id }, include: WITH_TRIES })) ?? undefined
}

/** Tells the endpoint something that has not happened, once. */
export function createTestDelivery(db: Database, endpointId: string, actor: Actor): Promise<DeliveryWithTries> {
  const data = { id: randomUUID(), endpointId, type: TEST_EVENT, data: { endpointId }, nextAttemptAt: new Date() }
  return db.$transaction(async (tx) => {
    const delivery = await tx.webhookDelivery.create({ data, include: WITH_TRIES })
    await recordEvent(tx, { type: 'webhook-endpoint.tested', actor, data: { endpointId, deliveryId: delivery.id } })
    return delivery
  })
}

/** To be sent now, under the same id, and by the whole schedule again. One that is being sent stays as it is. */
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

/** Those of one export that are due: what has just happened to it. */
export function listDueOf(db: Database, exportId: string): Promise<DueDelivery[]> {
  return db.$queryRaw<DueDelivery[]>`
    SELECT id, next_attempt_at AS "dueAt" FROM waybill.webhook_deliveries
    WHERE export_id = ${exportId}::uuid AND status = 'pending' AND next_attempt_at <= now()`
}

/**
 * Those that are due, the first of each receiver before the second of any: one that is away holds up nobody else's. All
 * addresses that one requester names are one receiver: they cost nothing.
 */
export function listDue(db: Database, limit: number): Promise<DueDelivery[]> {
  return db.$queryRaw<DueDelivery[]>`
    SELECT id, next_attempt_at AS "dueAt" FROM (
      SELECT d.id, d.next_attempt_at,
        row_number() OVER (PARTITION BY coalesce(d.endpoint_id::text, x.requester_id) ORDER BY d.next_attempt_at) AS place
      FROM waybill.webhook_deliveries d
        LEFT JOIN waybill.exports x ON x.id = d.export_id AND d.endpoint_id IS NULL
      WHERE d.status = 'pending' AND d.next_attempt_at <= now()
    ) due ORDER BY place, next_attempt_at LIMIT ${limit}`
}

/** Forgets what ended so many milliseconds ago, with its tries. @returns how many */
export function removeOldDeliveries(db: Database, ttl: number, limit: number): Promise<number> {
  return db.$executeRaw`
    DELETE FROM waybill.webhook_deliveries WHERE id IN (
      SELECT id FROM waybill.webhook_deliveries
      WHERE status <> 'pending' AND ended_at < now() - ${interval(ttl)} LIMIT ${limit})`
}
