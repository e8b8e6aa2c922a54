// Lists the fields of an export that leave the house.
import { createHash } from 'node:crypto'
import type { AuditRow } from '@waybill/shared/audit/queries.ts'
import type { AuditEventBody } from '@waybill/shared/contract/audit.ts'
import type { ExportEvent } from '@waybill/shared/contract/events.ts'
import type { Export } from '@waybill/shared/contract/exports.ts'
import type { HistoryItem } from '@waybill/shared/contract/history.ts'
import type { ExportRow } from '@waybill/shared/ledger/export-row.ts'
import type { EventRow } from '@waybill/shared/ledger/queries.ts'
import { ERRORS, type ErrorCode } from '@waybill/shared/vocabulary/errors.ts'
import type { EventType } from '@waybill/shared/vocabulary/event-types.ts'

// What the database has as text or JSON is what the ledger wrote there: the casts below name it again.

/** The export as api.md has it; `download` is added by whoever has signed a link. */
export function presentExport(row: ExportRow): Export {
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
    attempts: row.attempts,
    requestedBy: row.requestedBy,
    snapshotAt: row.snapshotAt?.toISOString() ?? null,
    createdAt: row.createdAt.toISOString(),
    startedAt: row.startedAt?.toISOString() ?? null,
    finishedAt: row.finishedAt?.toISOString() ?? null,
    expiresAt: row.expiresAt?.toISOString() ?? null,
  }
}

function presentError({ errorCode, errorMessage }: ExportRow) {
  const known = errorCode !== null && Object.hasOwn(ERRORS, errorCode) ? ERRORS[errorCode as ErrorCode] : undefined
  return { code: errorCode ?? 'INTERNAL', message: errorMessage ?? '', retryable: known?.retryable ?? false }
}

/** The planner's estimate may be too low: until the file is there, 99 is the most. */
function percent(rows: number, estimatedRows: number | null, isDone: boolean): number | null {
  if (isDone) return 100
  if (estimatedRows === null) return null
  return Math.min(99, Math.floor((rows / Math.max(estimatedRows, 1)) * 100))
}

/**
 * Changes when anything in the answer does. The link's own text changes with every signature, so a period
 * stands for it: a client that holds a 304 has a link with at least half of its time left.
 */
export function etag(presented: object, linkPeriod?: number): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([presented, linkPeriod]))
    .digest('base64url')
  return `W/"${hash.slice(0, 27)}"`
}

export function presentEvent(event: EventRow): ExportEvent {
  return {
    id: Number(event.id),
    type: event.type as EventType,
    at: event.at.toISOString(),
    actor: event.actor,
    attempt: event.attempt,
    data: event.data as Record<string, unknown>,
  }
}

export function presentAuditEvent(event: AuditRow): AuditEventBody {
  const { actorId, address, userAgent, exportId } = event
  return {
    ...presentEvent(event),
    ...{ actorId, address, userAgent, exportId },
    previousHash: Buffer.from(event.previousHash).toString('hex'),
    hash: Buffer.from(event.hash).toString('hex'),
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

/** A row of the original service's history. */
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
