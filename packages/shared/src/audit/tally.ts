// Counts what the trail has more than when somebody looked last.
import type { Database } from '../database/client.ts'

export interface Tally {
  /** The number of the last event that is counted. */
  readonly upTo: bigint
  readonly events: readonly { readonly type: string; readonly count: number }[]
  readonly completed: readonly CompletedExport[]
  /** By the code with which they failed. */
  readonly failed: readonly { readonly code: string; readonly count: number }[]
}

export interface CompletedExport {
  readonly dataset: string
  readonly format: string
  readonly rows: number
  readonly bytes: number
  /** From the request until the file was there. */
  readonly seconds: number
}

/** Events counted at once at most: whoever has not looked for days catches up step by step. */
const MOST = 20_000n

/** The number of the last event; 0 of an empty trail. */
export async function lastEvent(db: Database): Promise<bigint> {
  // Prisma's aggregate would put the table into a subquery, of which Postgres reads every row.
  const last = await db.auditEvent.findFirst({ orderBy: { id: 'desc' }, select: { id: true } })
  return last?.id ?? 0n
}

/**
 * Events are numbered without gaps in the order of their commits: nothing is counted twice or missed, unless the
 * database itself went back. Then it goes on from there.
 *
 * @param after the number of the last event that was counted before
 * @param most events at once
 */
export async function tallyTrail(db: Database, after: bigint, most = MOST): Promise<Tally> {
  const last = await lastEvent(db)
  const more = last - after
  const upTo = more > most ? after + most : last
  if (more <= 0n) return { upTo, events: [], completed: [], failed: [] }
  const [events, completed, failed] = await Promise.all([
    db.$queryRaw<Tally['events']>`
      SELECT type, count(*)::int AS count FROM waybill.audit_events
       WHERE id > ${after} AND id <= ${upTo} GROUP BY type`,
    db.$queryRaw<CompletedExport[]>`
      SELECT x.dataset, x.format, x.row_count::float8 AS rows, x.bytes::float8 AS bytes,
        extract(epoch FROM e.at - asked.at)::float8 AS seconds
      FROM waybill.audit_events e JOIN waybill.exports x ON x.id = e.export_id
        JOIN waybill.audit_events asked ON asked.export_id = e.export_id AND asked.type = 'export.requested'
      WHERE e.type = 'export.completed' AND e.id > ${after} AND e.id <= ${upTo}`,
    db.$queryRaw<Tally['failed']>`
      SELECT data->>'code' AS code, count(*)::int AS count FROM waybill.audit_events
       WHERE type = 'export.failed' AND id > ${after} AND id <= ${upTo} GROUP BY 1`,
  ])
  return { upTo, events, completed, failed }
}
