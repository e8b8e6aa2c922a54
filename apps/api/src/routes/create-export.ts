// POST /v1/exports: writes the audit row, then enqueues; the row alone is the promise.
import { createHash } from 'node:crypto'
import type { Database } from '@waybill/shared/database.ts'
import { compileQuery } from '@waybill/shared/datasets/dataset.ts'
import { WaybillError } from '@waybill/shared/errors.ts'
import { estimateRows } from '@waybill/shared/source.ts'
import { within } from '@waybill/shared/within.ts'
import type { Request } from 'express'
import { actorOf } from '../actor.ts'
import { callerOf } from '../auth.ts'
import { type CheckedRequest, fileType, readExportRequest } from '../export-request.ts'
import { presentExport } from '../present.ts'
import type { Route } from '../router.ts'
import type { ServerDeps } from '../server.ts'
import { POLL_INTERVAL } from './exports.ts'

export function createExportRoute({ config, datasets, ledger, queue, source, log }: ServerDeps): Route {
  return {
    method: 'post',
    path: '/v1/exports',
    access: 'caller',
    async handle(request, response) {
      const caller = callerOf(response)
      const checked = readExportRequest(request, caller, { datasets, maxRows: config.MAX_ROWS })
      const { dataset, format, filters, columns, limit, compression, csv } = checked
      const idempotency = readIdempotency(request, checked)
      const estimatedRows = await estimate(source, checked, config.MAX_ROWS)
      const { row, active } = await ledger.create(
        {
          ...{ dataset, format, filters, columns, limit, compression, csv, idempotency },
          ...fileType(format, compression),
          estimatedRows,
          lane: estimatedRows !== undefined && estimatedRows < config.LARGE_EXPORT_ROWS ? 'small' : 'large',
        },
        actorOf(request, response),
        config.MAX_ACTIVE_EXPORTS,
      )
      try {
        if (row.status === 'queued') await queue.add({ id: row.id, lane: row.lane, ahead: active })
      } catch (error) {
        // The row is written, so the export will run: the reconciler adds the job when the queue is back.
        log.warn({ exportId: row.id, error }, 'the queue is away; the export waits for the reconciler')
      }
      response
        .status(202)
        .location(`/v1/exports/${row.id}`)
        .set('Retry-After', String(POLL_INTERVAL))
        .json(presentExport(row))
    },
  }
}

/** Milliseconds that the source may take to plan the query: a caller waits for it. */
const ESTIMATE_TIMEOUT = 300

/** What the planner expects; undefined when the source cannot say so in time. The export may run all the same. */
async function estimate(source: Database, checked: CheckedRequest, maxRows: number): Promise<number | undefined> {
  const { datasetDeclaration, filters, columns, limit } = checked
  const query = compileQuery(datasetDeclaration, { filters, columns, limit: Math.min(limit ?? maxRows, maxRows) })
  try {
    const estimated = estimateRows(source, query, ESTIMATE_TIMEOUT)
    return await within(ESTIMATE_TIMEOUT, estimated, () => new WaybillError('SOURCE_TIMEOUT'))
  } catch {
    return undefined
  }
}

/** As in draft-ietf-httpapi-idempotency-key-header: printable ASCII, ours to 255 characters. */
const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/

function readIdempotency(request: Request, checked: CheckedRequest): { key: string; hash: string } | undefined {
  const key = request.get('idempotency-key')
  if (key === undefined) return undefined
  if (!IDEMPOTENCY_KEY.test(key)) {
    throw new WaybillError('VALIDATION_FAILED', undefined, {
      errors: [{ path: 'Idempotency-Key', message: 'must be 1 to 255 printable ASCII characters without spaces' }],
    })
  }
  const { datasetDeclaration: _dataset, formatDeclaration: _format, filters, ...rest } = checked
  const canonical = JSON.stringify([Object.entries(rest).sort(), Object.entries(filters).sort()])
  return { key, hash: createHash('sha256').update(canonical).digest('hex') }
}
