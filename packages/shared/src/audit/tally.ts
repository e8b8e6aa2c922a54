// Counts new events of the audit trail since the last count, for metrics.
import type { Database } from '../database/client.ts'

export interface Tally {
  /** Number of the last event that was counted. */
  readonly upTo: bigint
  readonly events: readonly { readonly type: string; readonly count: number }[]
  readonly completed: readonly CompletedExport[]
  /** Failed exports by error code. */
  readonly failed: readonly { readonly code: string; readonly count: number }[]
}

export interface CompletedExport {
  readonly dataset: string
  readonly format: string
  readonly rows: number
  readonly bytes: number
  /** From the request until the file was available. */
  readonly seconds: number
}

/** A longer backlog is counted in several steps. */
const MAX_EVENTS_PER_TALLY = 20_000n

/** Number of the last event; 0 if the trail is empty. */
export async function lastEvent(db: Database): Promise<bigint> {
  // Prisma's aggregate would use a subquery over the table, and Postgres would read every row.
  const last = await db.auditEvent.findFirst({ orderBy: { id: 'desc' }, select: { id: true } })
  return last?.id ?? 0n
}

/**
 * Events are numbered without gaps in commit order, so that no event is counted twice or missed. If the database was
 * restored to an earlier state, counting continues from there.
 *
 * @param after number of the last event that was counted before
 * @param maxEvents limit of events in one call
 */
export async function tallyTrail(db: Database, after: bigint, maxEvents = MAX_EVENTS_PER_TALLY): Promise<Tally> {
  const last = await lastEvent(db)
  const newEvents = last - after
  const upTo = newEvents > maxEvents ? after + maxEvents : last
  if (newEvents <= 0n) return { upTo, events: [], completed: [], failed: [] }
  const [events, completed, failed] = await Promise.all([
    db.$queryRaw<Tally['events']>`
      SELECT type, count(*)::int AS count FROM waybill.audit_events
       WHERE id > ${after} AND id <= ${upTo} GROUP BY type`,
    db.$queryRaw<CompletedExport[]>`
      SELECT x.dataset, x.format, x.row_count::float8 AS rows, x.bytes::float8 AS bytes,
        extract(epoch FROM e.at - requested.at)::float8 AS seconds
      FROM waybill.audit_events e JOIN waybill.exports x ON x.id = e.export_id
        JOIN waybill.audit_events requested ON requested.export_id = e.export_id AND requested.type = 'export.requested'
      WHERE e.type = 'export.completed' AND e.id > ${after} AND e.id <= ${upTo}`,
    db.$queryRaw<Tally['failed']>`
      SELECT data->>'code' AS code, count(*)::int AS count FROM waybill.audit_events
       WHERE type = 'export.failed' AND id > ${after} AND id <= ${upTo} GROUP BY 1`,
  ])
  return { upTo, events, completed, failed }
}
