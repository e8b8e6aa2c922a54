// Response bodies of exports and events: lists each field that may leave the service.
import { createHash } from 'node:crypto'
import type { AuditRow } from '@waybill/shared/audit/queries.ts'
import type { AuditEventBody } from '@waybill/shared/contract/audit.ts'
import type { ExportEvent } from '@waybill/shared/contract/events.ts'
import type { Export } from '@waybill/shared/contract/exports.ts'
import type { HistoryItem } from '@waybill/shared/contract/history.ts'
import type { ExportRow } from '@waybill/shared/ledger/export-row.ts'
import { actorKind, callerKind } from '@waybill/shared/vocabulary/caller-kind.ts'
import { ERRORS, type ErrorCode, type Outage } from '@waybill/shared/vocabulary/errors.ts'
import type { EventType } from '@waybill/shared/vocabulary/event-types.ts'

/**
 * The export as in docs/api.md, without `download`, which the route adds.
 *
 * @param shared what no worker can reach: a queued export that would have its turn waits for it
 */
export function presentExport(row: ExportRow, shared?: Outage): Export {
  const isDone = row.rowCount !== null
  return {
    id: row.id,
    dataset: row.dataset,
    format: row.format,
    filters: row.filters,
    columns: [...row.columns],
    limit: row.limit,
    compression: row.compression,
    ...(row.format === 'csv' ? { csv: row.csv } : {}),
    status: row.status,
    progress: {
      rows: row.rows,
      bytes: row.bytes,
      estimatedRows: row.estimatedRows,
      percent: percent(row.rows, row.estimatedRows, isDone),
    },
    rowCount: row.rowCount,
    bytes: isDone ? row.bytes : null,
    sha256: row.sha256,
    filename: row.filename,
    contentType: row.contentType,
    truncated: row.truncated,
    warnings: [...row.warnings],
    ...(row.status === 'failed' ? { error: presentError(row) } : {}),
    ...presentWait(row, shared),
    attempts: row.attempts,
    requestedBy: row.requestedBy,
    snapshotAt: row.snapshotAt?.toISOString() ?? null,
    createdAt: row.createdAt.toISOString(),
    startedAt: row.startedAt?.toISOString() ?? null,
    finishedAt: row.finishedAt?.toISOString() ?? null,
    expiresAt: row.expiresAt?.toISOString() ?? null,
    requestedByKind: callerKind(row.requesterId),
  }
}

function presentWait({ status, waitingFor, nextAttemptAt }: ExportRow, shared: Outage | undefined) {
  if (status !== 'queued') return { waitingFor: null, nextAttemptAt: null }
  if (nextAttemptAt === null || nextAttemptAt <= new Date()) {
    return { waitingFor: shared ?? ('turn' as const), nextAttemptAt: null }
  }
  return { waitingFor: waitingFor ?? ('turn' as const), nextAttemptAt: nextAttemptAt.toISOString() }
}

function presentError({ errorCode, errorMessage }: ExportRow) {
  const known = errorCode !== null && Object.hasOwn(ERRORS, errorCode) ? ERRORS[errorCode as ErrorCode] : undefined
  return { code: errorCode ?? 'INTERNAL', message: errorMessage ?? '', retryable: known?.retryable ?? false }
}

/** At most 99 until the file is complete, because the planner's estimate may be too low. */
function percent(rows: number, estimatedRows: number | null, isDone: boolean): number | null {
  if (isDone) return 100
  if (estimatedRows === null) return null
  return Math.min(99, Math.floor((rows / Math.max(estimatedRows, 1)) * 100))
}

/**
 * Changes when the response changes. The link differs with each signature, so `linkPeriod` represents it: after a 304, the
 * client's link has at least half of its lifetime left.
 */
export function etag(presented: object, linkPeriod?: number): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([presented, linkPeriod]))
    .digest('base64url')
  return `W/"${hash.slice(0, 27)}"`
}

export function presentEvent(event: AuditRow): ExportEvent {
  return {
    id: Number(event.id),
    type: event.type as EventType,
    at: event.at.toISOString(),
    actor: event.actor,
    attempt: event.attempt,
    data: event.data as Record<string, unknown>,
    actorKind: actorKind(event.actorId),
    repeats: event.repeats === null ? null : Number(event.repeats),
  }
}

export function presentAuditEvent(event: AuditRow): AuditEventBody {
  const { actorId, address, userAgent, exportId } = event
  const { repeats, ...presented } = presentEvent(event)
  return {
    ...presented,
    ...{ actorId, address, userAgent, exportId },
    previousHash: Buffer.from(event.previousHash).toString('hex'),
    hash: Buffer.from(event.hash).toString('hex'),
    repeats,
  }
}

const HISTORY_STATUS: Record<ExportRow['status'], HistoryItem['status']> = {
  queued: 'started',
  running: 'started',
  completed: 'completed',
  expired: 'completed',
  failed: 'failed',
  canceled: 'failed',
}

/** An item in the format of GAME's original export service. */
export function presentHistory(row: ExportRow, maxRows: number): HistoryItem {
  return {
    id: row.id,
    datasetType: row.dataset,
    format: row.format,
    filters: row.filters,
    rowLimit: row.limit ?? maxRows,
    rowCount: row.rowCount ?? -1,
    status: HISTORY_STATUS[row.status],
    requestedBy: row.requestedBy,
    created_at: row.createdAt.toISOString(),
  }
}
