// The row of an export with its own types: the ledger decodes each row once, where it reads it.
import type { DatasetAccess } from '../datasets/dataset.ts'
import { type Export, Prisma } from '../generated/prisma/client.ts'
import {
  type Compression,
  type CsvOptions,
  csvOptionsSchema,
  type ExportStatus,
  type FormatName,
  type Lane,
  type WaitReason,
  type Warning,
} from '../vocabulary/export.ts'

export interface ExportRow {
  readonly id: string
  readonly dataset: string
  /** The access rule of the dataset at the time of the request; null for exports of earlier versions. */
  readonly datasetAccess: DatasetAccess | null
  readonly format: FormatName
  readonly filters: Readonly<Record<string, unknown>>
  /** The columns of the file, in order. */
  readonly columns: readonly string[]
  /** Rows at most, as requested; null: as many as MAX_ROWS allows. */
  readonly limit: number | null
  readonly compression: Compression
  readonly csv: CsvOptions
  readonly filename: string
  readonly contentType: string
  readonly status: ExportStatus
  readonly lane: Lane
  readonly requesterId: string
  readonly requestedBy: string
  /** Attempts that were started, without those that were handed back or that an outage ended. */
  readonly attempts: number
  /** Attempts that ended because the storage or the source was unavailable. */
  readonly outages: number
  /** While queued. Null: its turn. */
  readonly waitingFor: WaitReason | null
  /** While queued: it is not attempted before this time. */
  readonly nextAttemptAt: Date | null
  /** Progress of the running attempt. */
  readonly rows: number
  readonly bytes: number
  readonly estimatedRows: number | null
  /** Of the published file: the full key in the bucket. */
  readonly artifactKey: string | null
  readonly rowCount: number | null
  readonly sha256: string | null
  readonly truncated: boolean
  readonly warnings: readonly Warning[]
  readonly snapshotAt: Date | null
  /** An error code of this version, or of another one that shares the database. */
  readonly errorCode: string | null
  readonly errorMessage: string | null
  readonly webhookUrl: string | null
  readonly createdAt: Date
  readonly startedAt: Date | null
  readonly finishedAt: Date | null
  readonly expiresAt: Date | null
}

/** The columns that {@link decodeExport} reads, for a statement that returns the row itself. */
export const EXPORT_COLUMNS = Prisma.raw(`
  id, dataset, dataset_access AS "datasetAccess", format, filters, columns, row_limit AS "limit", compression, csv, filename, content_type AS "contentType",
  status, lane, requester_id AS "requesterId", requested_by AS "requestedBy", attempts, outages,
  waiting_for AS "waitingFor", next_attempt_at AS "nextAttemptAt", rows, bytes,
  estimated_rows AS "estimatedRows", artifact_key AS "artifactKey", row_count AS "rowCount", sha256, truncated, warnings,
  snapshot_at AS "snapshotAt", error_code AS "errorCode", error_message AS "errorMessage", webhook_url AS "webhookUrl",
  created_at AS "createdAt", started_at AS "startedAt", finished_at AS "finishedAt", expires_at AS "expiresAt"`)

/** The columns of {@link EXPORT_COLUMNS}. */
export type ExportColumns = Pick<Export, keyof ExportRow>

/** For rows that were written before an option existed. */
const CSV_DEFAULTS: CsvOptions = csvOptionsSchema.parse({})

/**
 * The casts are sound because only the ledger writes these columns, from the same types. Nothing is validated here: one
 * odd row must not make a list unreadable.
 */
export function decodeExport(row: ExportColumns): ExportRow {
  const csv = row.csv as Partial<CsvOptions>
  return {
    id: row.id,
    dataset: row.dataset,
    datasetAccess: row.datasetAccess as DatasetAccess | null,
    format: row.format as FormatName,
    filters: row.filters as Record<string, unknown>,
    columns: row.columns,
    limit: row.limit,
    compression: row.compression as Compression,
    // The stored options come first, so that answers keep the order of their fields.
    csv: { ...csv, ...CSV_DEFAULTS, ...csv },
    filename: row.filename,
    contentType: row.contentType,
    status: row.status,
    lane: row.lane,
    requesterId: row.requesterId,
    requestedBy: row.requestedBy,
    attempts: row.attempts,
    outages: row.outages,
    waitingFor: row.status === 'queued' ? (row.waitingFor as WaitReason | null) : null,
    nextAttemptAt: row.status === 'queued' ? row.nextAttemptAt : null,
    rows: Number(row.rows),
    bytes: Number(row.bytes),
    estimatedRows: row.estimatedRows === null ? null : Number(row.estimatedRows),
    artifactKey: row.artifactKey,
    rowCount: row.rowCount === null ? null : Number(row.rowCount),
    sha256: row.sha256,
    truncated: row.truncated,
    warnings: row.warnings as unknown as Warning[],
    snapshotAt: row.snapshotAt,
    errorCode: row.errorCode,
    errorMessage: row.errorMessage,
    webhookUrl: row.webhookUrl,
    createdAt: row.createdAt,
    startedAt: row.startedAt,
    finishedAt: row.finishedAt,
    expiresAt: row.expiresAt,
  }
}
