// Reads the state of the whole system: queued, running and failed exports.
import type { Database } from '../database/client.ts'
import type { Outage } from '../vocabulary/errors.ts'
import type { Lane, WaitReason } from '../vocabulary/export.ts'
import { decodeExport, type ExportRow } from './export-row.ts'

export interface LaneDepth {
  readonly lane: Lane
  readonly queued: number
  readonly running: number
  readonly oldestQueuedAt: Date | null
}

/** Lanes without queued or running exports are left out. */
export function readLaneDepths(db: Database): Promise<LaneDepth[]> {
  return db.$queryRaw<LaneDepth[]>`
    SELECT lane::text AS lane, (count(*) FILTER (WHERE status = 'queued'))::int AS queued,
      (count(*) FILTER (WHERE status = 'running'))::int AS running,
      min(created_at) FILTER (WHERE status = 'queued') AS "oldestQueuedAt"
    FROM waybill.exports WHERE status IN ('queued', 'running') GROUP BY lane`
}

/**
 * Queued exports by what they wait for.
 *
 * @param shared what no worker can reach: exports that would have their turn wait for it
 */
export async function countWaiting(db: Database, shared: Outage | undefined): Promise<Record<WaitReason, number>> {
  const rows = await db.$queryRaw<{ reason: WaitReason; count: number }[]>`
    SELECT CASE WHEN next_attempt_at > now() THEN coalesce(waiting_for, 'turn') ELSE ${shared ?? 'turn'}::text END
      AS reason, count(*)::int AS count
    FROM waybill.exports WHERE status = 'queued' GROUP BY 1`
  const counts = { turn: 0, retry: 0, storage: 0, source: 0 }
  for (const { reason, count } of rows) counts[reason] = count
  return counts
}

/** Deliveries that are neither delivered nor failed. */
export function countPendingDeliveries(db: Database): Promise<number> {
  return db.webhookDelivery.count({ where: { status: 'pending' } })
}

/** How many exports of the same lane were queued before this one. The queue may run it earlier, to be fair to requesters. */
export async function countAhead(db: Database, { id, lane }: Pick<ExportRow, 'id' | 'lane'>): Promise<number> {
  return db.export.count({ where: { status: 'queued', lane, id: { lt: id } } })
}

/** Longest running first, each with its worker. */
export async function listRunning(db: Database, limit: number): Promise<(ExportRow & { worker: string | null })[]> {
  const rows = await db.export.findMany({
    where: { status: 'running' },
    orderBy: { startedAt: 'asc' },
    take: limit,
    include: { events: { where: { type: 'export.started' }, orderBy: { id: 'desc' }, take: 1 } },
  })
  return rows.map(({ events, ...row }) => ({ ...decodeExport(row), worker: events[0]?.actor ?? null }))
}

/** Newest first. */
export async function listFailures(db: Database, limit: number): Promise<ExportRow[]> {
  const rows = await db.export.findMany({ where: { status: 'failed' }, orderBy: { id: 'desc' }, take: limit })
  return rows.map(decodeExport)
}
