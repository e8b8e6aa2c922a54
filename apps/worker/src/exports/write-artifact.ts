// Makes the file of one attempt: the rows of the snapshot through the format into the storage, and its manifest.

import { planExport } from '@waybill/shared/exports/plan-export.ts'
import { gzip } from '@waybill/shared/formats/gzip.ts'
import { attemptPrefix, createManifest, MANIFEST_NAME } from '@waybill/shared/ledger/artifact.ts'
import type { ExportRow } from '@waybill/shared/ledger/export-row.ts'
import type { Artifact, Attempt } from '@waybill/shared/ledger/ledger.ts'
import { openTable } from '@waybill/shared/source/source.ts'
import type { Warning, WarningCode } from '@waybill/shared/vocabulary/export.ts'
import type { Page } from '@waybill/shared/vocabulary/table.ts'
import type { ExportDeps } from '../context.ts'
import { AttemptLost, type Pulse } from './pulse.ts'

/**
 * Nothing is published by this: the object exists, complete, under the attempt's own key.
 *
 * @throws WaybillError, or the reason of the pulse's signal
 */
export async function writeArtifact(
  { config, datasets, ledger, readers, storage }: ExportDeps,
  row: ExportRow,
  attempt: Attempt,
  pulse: Pulse,
): Promise<Artifact> {
  const { signal, progress } = pulse
  const plan = planExport(row, { config, datasets, readers })
  const { format, limit } = plan
  // One row more than the limit shows whether the limit cut anything off.
  const query = plan.query(limit + 1)

  const table = await openTable(plan.reader, query, {
    signal,
    pageSize: config.SOURCE_PAGE_ROWS,
    statementTimeout: config.SOURCE_STATEMENT_TIMEOUT,
    idleTimeout: config.SOURCE_IDLE_TIMEOUT,
    transactionTimeout: config.EXPORT_TIMEOUT,
    workMem: config.SOURCE_WORK_MEM,
  })
  try {
    const prefix = attemptPrefix(row.id, attempt.token)
    const key = `${prefix}${row.filename}`
    const estimatedRows = Math.min(table.estimatedRows, limit)
    const recordUpload = async (uploadId?: string) => {
      const upload = { key: storage.fullKey(key), estimatedRows, ...(uploadId === undefined ? {} : { uploadId }) }
      if (!(await ledger.recordUpload(attempt, upload))) throw new AttemptLost()
    }
    await recordUpload()

    const counts = { rows: 0, truncated: false }
    const warnings = new Map<WarningCode, number>()
    const pages = countRows(table.pages, limit, counts, progress)
    const encoded = format.encode(query.columns, pages, {
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
      rowCount: counts.rows,
      truncated: counts.truncated,
      warnings: [...warnings].map(([code, count]): Warning => ({ code, count })),
      snapshotAt: table.snapshotAt,
    }
    await storage.putJson(`${prefix}${MANIFEST_NAME}`, createManifest(row, query.columns, artifact), signal)
    return artifact
  } finally {
    await table.close()
  }
}

/** Passes the pages on, up to `limit` rows, and counts. */
async function* countRows(
  pages: AsyncIterable<Page>,
  limit: number,
  counts: { rows: number; truncated: boolean },
  progress: { rows: number },
): AsyncGenerator<Page, void, void> {
  for await (const page of pages) {
    const room = limit - counts.rows
    if (page.length > room) counts.truncated = true
    const passed = page.length > room ? page.slice(0, room) : page
    counts.rows += passed.length
    progress.rows = counts.rows
    if (passed.length > 0) yield passed
  }
}
