// Reads exports, one or a page at a time.
import type { Database } from '../database/client.ts'
import type { ExportStatus, Lane } from '../vocabulary/export.ts'
import { isDay } from '../vocabulary/instant.ts'
import { decodeExport, type ExportRow } from './export-row.ts'

export interface ExportFilter {
  /** Undefined: exports of all requesters. */
  readonly requesterId: string | undefined
  readonly status?: ExportStatus | undefined
  readonly dataset?: string | undefined
  /** A part of the name; case is ignored. */
  readonly requestedBy?: string | undefined
  /** RFC 3339, or a day in UTC; both inclusive. */
  readonly from?: string | undefined
  readonly to?: string | undefined
}

/** Undefined: there is no such export, or it belongs to another requester than the one given. */
export async function findExport(
  db: Database,
  id: string,
  requesterId: string | undefined,
): Promise<ExportRow | undefined> {
  const row = await db.export.findFirst({ where: { id, ...(requesterId === undefined ? {} : { requesterId }) } })
  return row === null ? undefined : asOfNow(decodeExport(row))
}

/** An export is expired from its `expiresAt` on, also before the reconciler has removed the file. */
function asOfNow(row: ExportRow): ExportRow {
  const isOver = row.status === 'completed' && row.expiresAt !== null && row.expiresAt <= new Date()
  return isOver ? { ...row, status: 'expired' } : row
}

/**
 * Newest first. Ids are UUIDs of version 7, which are in order of time, so `before` is the last id of the page before.
 * Returns one row more than `limit` when there is a next page.
 */
export async function listExports(
  db: Database,
  { requesterId, status, dataset, requestedBy, from, to }: ExportFilter,
  { limit, before }: { limit: number; before?: string | undefined },
): Promise<ExportRow[]> {
  const rows = await db.export.findMany({
    where: {
      ...(requesterId === undefined ? {} : { requesterId }),
      ...(status === undefined ? {} : { status }),
      ...(dataset === undefined ? {} : { dataset }),
      ...(requestedBy === undefined ? {} : { requestedBy: { contains: likeText(requestedBy), mode: 'insensitive' } }),
      ...(from === undefined && to === undefined ? {} : { createdAt: { ...since(from), ...until(to) } }),
      ...(before === undefined ? {} : { id: { lt: before } }),
    },
    orderBy: { id: 'desc' },
    take: limit + 1,
  })
  return rows.map((row) => asOfNow(decodeExport(row)))
}

/** Prisma passes the text to LIKE unchanged, so the special characters of LIKE are escaped. */
function likeText(text: string): string {
  return text.replaceAll(/[\\%_]/g, '\\$&')
}

function since(from: string | undefined) {
  return from === undefined ? {} : { gte: new Date(from) }
}

/** A day includes its last moment. */
function until(to: string | undefined) {
  if (to === undefined) return {}
  return isDay(to) ? { lt: new Date(Date.parse(to) + 86_400_000) } : { lte: new Date(to) }
}

export interface QueuedExport {
  readonly id: string
  readonly lane: Lane
  /** How many exports of the same requester are queued or running before it. */
  readonly ahead: number
  /** It had to wait until a time that has passed: its job may still be delayed. */
  readonly hasWaited: boolean
}

/** The oldest queued exports of each lane that may run now, for the reconciler, which adds missing jobs. */
export function listQueued(db: Database, limitPerLane: number): Promise<QueuedExport[]> {
  return db.$queryRaw<QueuedExport[]>`
    SELECT id, lane, ahead, next_attempt_at IS NOT NULL AS "hasWaited" FROM (
      SELECT id, lane, status, next_attempt_at, coalesce(next_attempt_at > now(), false) AS waits,
        row_number() OVER (PARTITION BY lane, status, coalesce(next_attempt_at > now(), false) ORDER BY id) AS place,
        (row_number() OVER (PARTITION BY requester_id ORDER BY id) - 1)::int AS ahead
      FROM waybill.exports WHERE status IN ('queued', 'running')
    ) active
    WHERE status = 'queued' AND NOT waits AND place <= ${limitPerLane} ORDER BY id`
}

/**
 * Exports past their `expiresAt`, and expired exports whose file could not be removed. In random order: a file that
 * cannot be removed must not keep the others from being removed.
 */
export function listExpired(db: Database, limit: number): Promise<{ id: string; status: ExportStatus }[]> {
  return db.$queryRaw<{ id: string; status: ExportStatus }[]>`
    SELECT id, status::text FROM waybill.exports
    WHERE (status = 'completed' AND expires_at < now()) OR (status = 'expired' AND artifact_key IS NOT NULL)
    ORDER BY random() LIMIT ${limit}`
}
