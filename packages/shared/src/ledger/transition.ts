// The one way in which an export changes its state: a conditional UPDATE, its event and the webhooks that tell of it,
// as a single statement.
import { type AuditEvent, EVENT_COLUMNS, eventValues } from '../audit/record.ts'
import { type Database, Prisma } from '../database/client.ts'
import { isWebhookEvent } from '../vocabulary/webhook-events.ts'
import { announce } from '../webhooks/announcement.ts'

/** One execution by a worker. Its token is in the condition of every write it makes. */
export interface Attempt {
  readonly exportId: string
  readonly token: string
  /** Who runs it, for the trail. */
  readonly worker: string
}

/** What the trail says of a transition. */
export interface TransitionEvent extends Omit<AuditEvent, 'exportId'> {
  /** SQL for the number of the attempt; default: the row's. */
  readonly attempt?: Prisma.Sql
}

/** What the parts of the ledger work with. */
export interface LedgerContext {
  readonly db: Database
  /** Called with the exports whose transition has written deliveries. Must return at once and never throw. */
  readonly onDeliveries: (exportIds: readonly string[]) => void
}

/** @returns the ids of the rows that were moved; each has its event, or nothing has happened */
export async function move(
  { db, onDeliveries }: LedgerContext,
  where: Prisma.Sql,
  set: Prisma.Sql,
  event: TransitionEvent,
): Promise<string[]> {
  const moved = await db.$queryRaw<{ id: string }[]>`
    WITH moved AS (UPDATE waybill.exports SET ${set} WHERE ${where} RETURNING *),
      told AS (${insertEvent(event)})
      ${announce(event.type)}
    SELECT id FROM moved`
  const ids = moved.map(({ id }) => id)
  if (ids.length > 0 && isWebhookEvent(event.type)) onDeliveries(ids)
  return ids
}

/**
 * Reads the rows of the CTE `moved`. The ORDER BY has all of them updated before the first event: with the head of the
 * chain locked, nobody may wait for a row any more.
 */
export function insertEvent(event: TransitionEvent): Prisma.Sql {
  return Prisma.sql`INSERT INTO waybill.audit_events (export_id, attempt, ${EVENT_COLUMNS})
    SELECT id, ${event.attempt ?? Prisma.sql`nullif(attempts, 0)`}, ${eventValues(event)} FROM moved ORDER BY id`
}

/** The condition that fences a late attempt off. */
export function owned(attempt: Attempt): Prisma.Sql {
  return Prisma.sql`id = ${attempt.exportId}::uuid AND attempt_token = ${attempt.token}::uuid AND status = 'running'`
}

/** Back in the queue, as if no attempt had begun. */
export const BACK_TO_QUEUE = Prisma.sql`status = 'queued', attempt_token = NULL, heartbeat_at = NULL, rows = 0, bytes = 0`
