// The one way in which an export changes its state: a conditional UPDATE, its event and its webhook deliveries, as a single
// statement.
import { type AuditEvent, EVENT_COLUMNS, eventValues, REQUIRE_EVENTS } from '../audit/record.ts'
import { type Database, Prisma } from '../database/client.ts'
import { FLUSH_LATER } from '../database/flush.ts'
import { interval } from '../database/sql.ts'
import type { WaitReason } from '../vocabulary/export.ts'
import { isWebhookEvent } from '../vocabulary/webhook-events.ts'
import { announce } from '../webhooks/announcement.ts'

/** One execution by a worker. The condition of each of its writes includes the token. */
export interface Attempt {
  readonly exportId: string
  readonly token: string
  /** The actor of its events in the audit trail. */
  readonly worker: string
}

/** The event of a transition. */
export interface TransitionEvent extends Omit<AuditEvent, 'exportId'> {
  /** SQL for the number of the attempt; default: the row's. */
  readonly attempt?: Prisma.Sql
}

/** What the parts of the ledger work with. */
export interface LedgerContext {
  readonly db: Database
  /** Called with the exports whose transition has written deliveries. Must return at once and never throw. */
  readonly onDeliveries: (exportIds: readonly string[]) => void
  /** Resolves when the commits from before are on disk: see `createFlush`. */
  readonly flush: () => Promise<void>
}

/** @returns the ids of the exports that changed; each has its event. None: nothing was written */
export async function move(
  { db, onDeliveries, flush }: LedgerContext,
  where: Prisma.Sql,
  set: Prisma.Sql,
  event: TransitionEvent,
): Promise<string[]> {
  const moved = await db.$queryRaw<{ id: string }[]>`
    WITH moved AS (UPDATE waybill.exports SET ${set} WHERE ${where} RETURNING *),
      recorded AS (${insertEvent(event)})
      ${announce(event.type)}
    SELECT id, ${REQUIRE_EVENTS}, ${FLUSH_LATER} FROM moved`
  const ids = moved.map(({ id }) => id)
  if (ids.length > 0) await flush()
  if (ids.length > 0 && isWebhookEvent(event.type)) onDeliveries(ids)
  return ids
}

/**
 * Reads the rows of the CTE `moved`. The ORDER BY makes Postgres update all of them before it inserts the first event.
 * That insert locks the head of the hash chain, and a statement that holds that lock must not wait for a row.
 */
export function insertEvent(event: TransitionEvent): Prisma.Sql {
  return Prisma.sql`INSERT INTO waybill.audit_events (export_id, attempt, ${EVENT_COLUMNS})
    SELECT id, ${event.attempt ?? Prisma.sql`nullif(attempts, 0)`}, ${eventValues(event)} FROM moved ORDER BY id RETURNING id`
}

/** The condition that excludes a late attempt (fencing token). */
export function owned(attempt: Attempt): Prisma.Sql {
  return Prisma.sql`id = ${attempt.exportId}::uuid AND attempt_token = ${attempt.token}::uuid AND status = 'running'`
}

/** What a queued export waits for, and until when. */
export interface Wait {
  readonly waitingFor: WaitReason
  readonly delayMs: number
}

/** Queued again, without an owner. @param wait undefined: it may run at once */
export function backToQueue(wait?: Wait): Prisma.Sql {
  const reason = Prisma.sql`${wait?.waitingFor ?? null}::text`
  const dueAt = wait === undefined ? Prisma.sql`NULL` : Prisma.sql`now() + ${interval(wait.delayMs)}`
  return Prisma.sql`status = 'queued', attempt_token = NULL, heartbeat_at = NULL, rows = 0, bytes = 0,
    waiting_for = ${reason}, next_attempt_at = ${dueAt}`
}
