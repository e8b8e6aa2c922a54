// POST /v1/exports/preview: the first rows as the file would hold them, without creating an export.
import { recordEvent } from '@waybill/shared/audit/record.ts'
import { previewSchema } from '@waybill/shared/contract/preview.ts'
import { readRows, rowChunks } from '@waybill/shared/formats/rows.ts'
import { estimateRows } from '@waybill/shared/source/estimate.ts'
import { openTable } from '@waybill/shared/source/source.ts'
import { WaybillError } from '@waybill/shared/vocabulary/errors.ts'
import { exportRequestSchema, type WarningCode } from '@waybill/shared/vocabulary/export.ts'
import { actorOf } from '../../auth/actor.ts'
import { callerOf } from '../../auth/authenticate.ts'
import type { ServerDeps } from '../../deps.ts'
import { checkExportRequest } from '../../exports/check-request.ts'
import { cutLongCells, PREVIEW_CELL_LENGTH, QUERY_CELL_LENGTH } from '../../exports/cut-cells.ts'
import { createSemaphore } from '../../exports/semaphore.ts'
import { defineRoute, type Route } from '../../http/route.ts'
import { exportRequestByDataset } from '../../openapi/export-request.ts'

const PREVIEW_ROWS = 20

/** A person waits for a preview; the export itself may take longer. */
const PREVIEW_TIMEOUT_MS = 15_000

/** Previews that run at the same time in one process, at most one of each caller. Each may use two connections of the source. */
const MAX_CONCURRENT_PREVIEWS = 2

export function previewRoute(deps: ServerDeps): Route {
  const { config, datasets, db } = deps
  const onTimeout = () => new WaybillError('RATE_LIMITED', 'Other previews, of you or of others, are still running.')
  const withPermit = createSemaphore({
    ...{ permits: MAX_CONCURRENT_PREVIEWS, permitsPerKey: 1 },
    ...{ timeoutMs: PREVIEW_TIMEOUT_MS, onTimeout },
  })
  return defineRoute({
    method: 'post',
    path: '/v1/exports/preview',
    access: 'caller',
    operationId: 'previewExport',
    tag: 'Exports',
    summary: 'Preview the first 20 rows of an export, with an estimate of its row count',
    description:
      'Takes the body of `POST /v1/exports` and creates no export. The request is recorded in the audit trail. ' +
      `A cell of more than ${PREVIEW_CELL_LENGTH.toLocaleString('en')} characters is cut, and listed in \`cutCells\`.`,
    body: exportRequestSchema,
    documentedBody: exportRequestByDataset(datasets),
    responses: { 200: { description: 'The first rows as the file would hold them.', body: previewSchema } },
    problems: [
      'SOURCE_UNAVAILABLE',
      'SOURCE_TIMEOUT',
      'SOURCE_ACCESS_DENIED',
      'SOURCE_TABLE_MISSING',
      'SOURCE_QUERY_FAILED',
    ],
    async handle(request, response, { body }) {
      const caller = callerOf(response)
      const { checked, plan } = checkExportRequest(body, request.body, caller, deps)
      const { format, limit, reader } = plan
      const { filters, columns, csv } = checked
      const query = plan.query(Math.min(limit, PREVIEW_ROWS), QUERY_CELL_LENGTH)

      // When the client disconnects, the query must not go on.
      const gone = new AbortController()
      response.on('close', () => gone.abort(new Error('the caller has gone')))
      await withPermit(caller.id, gone.signal, async () => {
        const late = new AbortController()
        const timer = setTimeout(() => late.abort(new WaybillError('SOURCE_TIMEOUT')), PREVIEW_TIMEOUT_MS).unref()
        const signal = AbortSignal.any([gone.signal, late.signal])
        // Before the table is opened: two previews that each hold a connection and wait for another one would deadlock.
        const estimatedRows = await estimateRows(reader, plan.query(limit), PREVIEW_TIMEOUT_MS, signal)
        const table = await openTable(reader, query, {
          signal,
          maxRows: PREVIEW_ROWS,
          statementTimeout: PREVIEW_TIMEOUT_MS,
          idleTimeout: PREVIEW_TIMEOUT_MS,
          transactionTimeout: 2 * PREVIEW_TIMEOUT_MS,
          workMem: config.SOURCE_WORK_MEM,
        })
        try {
          const isJson = checked.format === 'json' || checked.format === 'ndjson'
          const read = await readRows(query.columns, table.chunks)
          const { rows, encodable, cutCells } = cutLongCells(query.columns, read, isJson)
          const warnings = new Map<WarningCode, number>()
          const context = {
            csv,
            signal,
            warn: (code: WarningCode) => warnings.set(code, (warnings.get(code) ?? 0) + 1),
          }
          const isText = format.compressible
          // The response contains data, so it is not sent unless the event is recorded.
          await recordEvent(db, {
            type: 'export.previewed',
            actor: actorOf(request, response),
            data: { dataset: checked.dataset, filters, columns, rows: rows.length },
          })
          response.json({
            dataset: checked.dataset,
            format: checked.format,
            columns: [...query.columns],
            rows: rows.map((row) =>
              Object.fromEntries(query.columns.map(({ name }, index) => [name, row[index] ?? null])),
            ),
            // The text of the file; a workbook has none.
            content: isText ? await text(format.encode(query.columns, rowChunks(encodable), context)) : null,
            cutCells,
            estimatedRows,
          })
        } finally {
          clearTimeout(timer)
          await table.close()
        }
      })
    },
  })
}

async function text(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = []
  // A copy, because a chunk is only valid until the next is requested.
  for await (const chunk of bytes) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString('utf8')
}
