// The trail: what is recorded of everything that is done, who did it, and the one way in which it is written.
import { type Database, Prisma } from '../database/client.ts'
import type { EventType } from '../vocabulary/event-types.ts'

/**
 * A caller. `id` never changes, `name` is what people see; the address and the program are those of the request at
 * hand. In the API, `actorOf(request, response)` makes it.
 */
export interface Actor {
  readonly id: string
  readonly name: string
  readonly address?: string | undefined
  readonly userAgent?: string | undefined
}

export interface AuditEvent {
  readonly type: EventType
  /** A caller, or by its name a process of ours: `worker:<host>:<pid>`. */
  readonly actor: Actor | string
  /** The export that it is about, where there is one. */
  readonly exportId?: string
  /**
   * What happened, in a few small fields: ids, codes, names of fields. Never what may be a secret or hold one: no key,
   * no signed URL, of any URL the origin alone. It stays for ever.
   */
  readonly data?: Readonly<Record<string, unknown>>
}

/**
 * Writes one event. What it tells of and the event must be one transaction, or one statement:
 *
 *     await db.$transaction(async (tx) => {
 *       const endpoint = await tx.webhookEndpoint.create({ data })
 *       await recordEvent(tx, { type: 'webhook-endpoint.created', actor, data: { endpointId: endpoint.id } })
 *     })
 *
 * Write it last. It locks the head of the chain until the transaction ends: everybody else's events wait so long, and
 * whoever locks something else after it may wait for somebody who waits for the head.
 */
export async function recordEvent(db: Pick<Database, '$executeRaw'>, event: AuditEvent): Promise<void> {
  const exportId = Prisma.sql`${event.exportId ?? null}::uuid`
  await db.$executeRaw`INSERT INTO waybill.audit_events (export_id, attempt, ${EVENT_COLUMNS})
    VALUES (${exportId}, NULL, ${eventValues(event)})`
}

/** The columns that {@link eventValues} fills. Number, time and hashes are the database's to give. */
export const EVENT_COLUMNS = Prisma.sql`type, actor, actor_id, address, user_agent, data`

export function eventValues({ type, actor, data = {} }: Omit<AuditEvent, 'exportId'>): Prisma.Sql {
  const { id, name, address, userAgent }: Partial<Actor> = typeof actor === 'string' ? { name: actor } : actor
  const texts = [type, name, id, address, userAgent].map((text) => Prisma.sql`${text ?? null}::text`)
  return Prisma.sql`${Prisma.join(texts)}, ${JSON.stringify(data)}::jsonb`
}
