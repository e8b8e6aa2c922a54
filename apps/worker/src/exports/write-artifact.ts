// Writes the file of one attempt: reads the snapshot, encodes the rows, uploads the file and its manifest.

import { planExport } from '@waybill/shared/exports/plan-export.ts'
import { gzip } from '@waybill/shared/formats/gzip.ts'
import { attemptPrefix, createManifest, MANIFEST_NAME } from '@waybill/shared/ledger/artifact.ts'
import type { ExportRow } from '@waybill/shared/ledger/export-row.ts'
import type { Artifact, Attempt } from '@waybill/shared/ledger/ledger.ts'
import { type OpenTable, openTable } from '@waybill/shared/source/source.ts'
import type { Warning, WarningCode } from '@waybill/shared/vocabulary/export.ts'
import type { ExportDeps } from '../context.ts'
import { AttemptLost, type Heartbeat } from './heartbeat.ts'

/**
 * Does not publish the file. Afterwards, the complete object exists under a key of this attempt.
 *
 * @param rightsChecked rejects when the requester may not have the export; nothing is stored before it resolves
 * @throws WaybillError, or the reason of the heartbeat's signal
 */
export async function writeArtifact(
  { config, datasets, ledger, outages, readers, storage }: ExportDeps,
  row: ExportRow,
  attempt: Attempt,
  heartbeat: Heartbeat,
  rightsChecked: Promise<void>,
): Promise<Artifact> {
  const { signal, progress } = heartbeat
  const plan = planExport(row, { config, datasets, readers })
  const { format, limit } = plan
  // One row more than the limit shows whether rows were cut off.
  const query = plan.query(limit + 1)

  const table = await openTable(plan.reader, query, {
    signal,
    maxRows: limit,
    statementTimeout: config.SOURCE_STATEMENT_TIMEOUT,
    idleTimeout: config.SOURCE_IDLE_TIMEOUT,
    transactionTimeout: config.EXPORT_TIMEOUT,
    workMem: config.SOURCE_WORK_MEM,
    rowLimits: { maxCellBytes: config.MAX_CELL_BYTES, maxRowBytes: config.MAX_ROW_BYTES },
    // For a small export the estimate of the request is enough: only the parts of a large file need a better one.
    expectedRows: row.lane === 'small' && row.estimatedRows !== null ? row.estimatedRows : undefined,
  })
  try {
    await rightsChecked
    const prefix = attemptPrefix(row.id, attempt.token)
    const key = `${prefix}${row.filename}`
    const estimatedRows = Math.min(table.estimatedRows, limit)
    progress.estimatedRows = estimatedRows
    const recordUpload = async (uploadId: string) => {
      const upload = { key: storage.fullKey(key), uploadId }
      const isOwned = await outages.persist(() => ledger.recordUpload(attempt, upload), signal)
      if (!isOwned) throw new AttemptLost()
    }

    const warnings = new Map<WarningCode, number>()
    const chunks = countRows(table, progress)
    const encoded = format.encode(query.columns, chunks, {
      csv: row.csv,
      warn: (code) => warnings.set(code, (warnings.get(code) ?? 0) + 1),
      signal,
    })
    const stored = await storage.put(key, row.compression === 'gzip' ? gzip(encoded, signal) : encoded, {
      contentType: row.contentType,
      filename: row.filename,
      signal,
      estimatedBytes: estimatedRows * table.estimatedRowBytes,
      onProgress: (bytes) => {
        progress.bytes = bytes
      },
      onUploadStarted: recordUpload,
    })

    const artifact: Artifact = {
      key: storage.fullKey(key),
      ...stored,
      rowCount: table.rowCount(),
      truncated: table.isTruncated(),
      warnings: [...warnings].map(([code, count]): Warning => ({ code, count })),
      snapshotAt: table.snapshotAt,
    }
    await storage.putJson(`${prefix}${MANIFEST_NAME}`, createManifest(row, query.columns, artifact), signal)
    return artifact
  } finally {
    await table.close()
  }
}

/** Yields the chunks unchanged, and updates the progress. */
async function* countRows(table: OpenTable, progress: { rows: number }): AsyncGenerator<Uint8Array, void, void> {
  for await (const chunk of table.chunks) {
    progress.rows = table.rowCount()
    yield chunk
  }
}
