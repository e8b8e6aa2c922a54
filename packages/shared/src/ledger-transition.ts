// The one way in which an export changes its state: a conditional UPDATE, its event and the webhooks that tell of it,
// as a single statement.
import { type Database, Prisma } from './database.ts'
import { announce } from './webhook-announcement.ts'

/** One execution by a worker. Its token is in the condition of every write it makes. */
export interface Attempt {
  readonly exportId: string
  readonly token: string
  /** Who runs it, for the trail. */
  readonly worker: string
}

/** What the trail says of a transition. */
export interface TransitionEvent {
  readonly type: string
  readonly actor: string
  readonly data?: Readonly<Record<string, unknown>>
  /** SQL for the number of the attempt; default: the row's. */
  readonly attempt?: Prisma.Sql
}

/** @returns the ids of the rows that were moved; each has its event, or nothing has happened */
export async function move(
  db: Database,
  where: Prisma.Sql,
  set: Prisma.Sql,
  event: TransitionEvent,
): Promise<string[]> {
  const moved = await db.$queryRaw<{ id: string }[]>`
    WITH moved AS (UPDATE waybill.exports SET ${set} WHERE ${where} RETURNING *),
      told AS (${insertEvent(event)})
      ${announce(event.type)}
    SELECT id FROM moved`
  return moved.map(({ id }) => id)
}

/** Reads the rows of the CTE `moved`. */
export function insertEvent({ type, actor, data = {}, attempt }: TransitionEvent): Prisma.Sql {
  return Prisma.sql`INSERT INTO waybill.export_events (export_id, type, actor, attempt, data)
    SELECT id, ${type}, ${actor}, ${attempt ?? Prisma.sql`nullif(attempts, 0)`}, ${JSON.stringify(data)}::jsonb
    FROM moved`
}

/** The condition that fences a late attempt off. */
export function owned(attempt: Attempt): Prisma.Sql {
  return Prisma.sql`id = ${attempt.exportId}::uuid AND attempt_token = ${attempt.token}::uuid AND status = 'running'`
}

/** Back in the queue, as if no attempt had begun. */
export const BACK_TO_QUEUE = Prisma.sql`status = 'queued', attempt_token = NULL, heartbeat_at = NULL, rows = 0, bytes = 0`

/** Milliseconds as an interval of SQL. */
export function interval(milliseconds: number): Prisma.Sql {
  return Prisma.sql`make_interval(secs => ${milliseconds / 1000}::float8)`
}
