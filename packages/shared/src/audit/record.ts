// Writes the audit trail.
import { type Database, Prisma } from '../database/client.ts'
import type { EventType } from '../vocabulary/event-types.ts'

/**
 * A caller. `id` never changes, `name` is for display, and address and user agent belong to the current request. In the
 * API, `actorOf(request, response)` creates it.
 */
export interface Actor {
  readonly id: string
  readonly name: string
  readonly address?: string | undefined
  readonly userAgent?: string | undefined
}

export interface AuditEvent {
  readonly type: EventType
  /** A caller, or the name of a Waybill process: `worker:<host>:<pid>`. */
  readonly actor: Actor | string
  /** The export that the event concerns, if any. */
  readonly exportId?: string
  /**
   * A few small fields: ids, codes, field names. No secrets: no key, no signed URL, and of other URLs the origin only.
   * Events are never deleted.
   */
  readonly data?: Readonly<Record<string, unknown>>
}

/**
 * Writes one event. The change and its event must be one transaction or one statement:
 *
 *     await db.$transaction(async (tx) => {
 *       const endpoint = await tx.webhookEndpoint.create({ data })
 *       await recordEvent(tx, { type: 'webhook-endpoint.created', actor, data: { endpointId: endpoint.id } })
 *     })
 *
 * Write the event last. It locks the head of the chain until the transaction ends, and the events of all other
 * transactions wait for it. Taking another lock afterwards can deadlock with a transaction that waits for the head.
 */
export async function recordEvent(db: Pick<Database, '$executeRaw'>, event: AuditEvent): Promise<void> {
  const exportId = Prisma.sql`${event.exportId ?? null}::uuid`
  const count = await db.$executeRaw`INSERT INTO waybill.audit_events (export_id, attempt, ${EVENT_COLUMNS})
    VALUES (${exportId}, NULL, ${eventValues(event)})`
  // A trigger or a rule that does not belong there can suppress the row without an error.
  if (count !== 1) throw new Error(`the audit trail has taken ${count} of 1 events: ${event.type}`)
}

/**
 * SQL for the SELECT list of a statement with the CTEs `moved` and `recorded`, the latter with RETURNING. Raises an error,
 * and so rolls the statement back, unless each row of `moved` has its event.
 */
export const REQUIRE_EVENTS = Prisma.sql`waybill.require_events((SELECT count(*) FROM moved), (SELECT count(*) FROM recorded))`

interface EventValues extends Omit<AuditEvent, 'exportId' | 'data'> {
  readonly data?: AuditEvent['data'] | Prisma.Sql
}

/** The columns that {@link eventValues} fills. The database sets number, time and hashes. */
export const EVENT_COLUMNS = Prisma.sql`type, actor, actor_id, address, user_agent, data`

/** Values for {@link EVENT_COLUMNS}. `data` may be an SQL expression. */
export function eventValues({ type, actor, data = {} }: EventValues): Prisma.Sql {
  const { id, name, address, userAgent }: Partial<Actor> = typeof actor === 'string' ? { name: actor } : actor
  const texts = [type, name, id, address, userAgent].map((text) => Prisma.sql`${text ?? null}::text`)
  return Prisma.sql`${Prisma.join(texts)}, ${data instanceof Prisma.Sql ? data : Prisma.sql`${JSON.stringify(data)}::jsonb`}`
}
