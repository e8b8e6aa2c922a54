// POST /v1/exports: writes the row of the export, then enqueues its job. The row alone guarantees that the export runs.
import { createHash } from 'node:crypto'
import { withTimeout } from '@waybill/shared/async/timeout.ts'
import { exportSchema, QUEUED_EXPORT } from '@waybill/shared/contract/exports.ts'
import { idempotencyKeySchema } from '@waybill/shared/contract/headers.ts'
import type { ExportPlan } from '@waybill/shared/exports/plan-export.ts'
import { estimateRows } from '@waybill/shared/source/estimate.ts'
import { WaybillError } from '@waybill/shared/vocabulary/errors.ts'
import { exportRequestSchema } from '@waybill/shared/vocabulary/export.ts'
import { callerSecret } from '@waybill/shared/webhooks/caller-secrets.ts'
import { createSecretBox } from '@waybill/shared/webhooks/secret-box.ts'
import { actorOf } from '../../auth/actor.ts'
import { callerOf } from '../../auth/authenticate.ts'
import type { ServerDeps } from '../../deps.ts'
import { type CheckedRequest, checkExportRequest } from '../../exports/check-request.ts'
import { defineRoute, type Route } from '../../http/route.ts'
import { exportRequestByDataset } from '../../openapi/export-request.ts'
import { presentExport } from '../../present/exports.ts'
import { POLL_INTERVAL_SECONDS } from './exports.ts'

export function createExportRoute(deps: ServerDeps): Route {
  const { config, datasets, db, ledger, queue, log } = deps
  const box = createSecretBox(config.WEBHOOK_SECRET_KEYS)
  return defineRoute({
    method: 'post',
    path: '/v1/exports',
    access: 'caller',
    operationId: 'createExport',
    tag: 'Exports',
    summary: 'Create an export',
    description:
      'Responds at once; a worker creates the file in the background. Poll the URL in `Location` for the status.',
    headers: { 'Idempotency-Key': idempotencyKeySchema.optional() },
    body: exportRequestSchema,
    documentedBody: exportRequestByDataset(datasets),
    responses: {
      202: {
        description: 'Accepted: the export is stored and will run.',
        body: exportSchema,
        example: QUEUED_EXPORT,
        headers: { Location: 'always', 'Retry-After': 'always' },
      },
    },
    problems: ['IDEMPOTENCY_KEY_REUSED', 'TOO_MANY_ACTIVE_EXPORTS', 'TOO_MANY_STORED_BYTES', 'WEBHOOKS_NOT_CONFIGURED'],
    async handle(request, response, { body, headers }) {
      const caller = callerOf(response)
      const { checked, plan } = checkExportRequest(body, request.body, caller, deps)
      const { dataset, format, filters, columns, limit, compression, csv, webhookUrl } = checked
      const idempotency = idempotencyOf(headers['Idempotency-Key'], checked)
      // Creates the secret that the worker signs with, so that a missing encryption key is reported now.
      if (webhookUrl !== undefined) await callerSecret(db, box, actorOf(request, response))
      const estimatedRows = await estimate(plan)
      const { row, active } = await ledger.create(
        {
          ...{ dataset, format, filters, columns, limit, compression, csv, webhookUrl, idempotency },
          ...{ extension: plan.extension, contentType: plan.contentType },
          datasetAccess: plan.dataset.access,
          estimatedRows,
          lane: estimatedRows !== undefined && estimatedRows < config.LARGE_EXPORT_ROWS ? 'small' : 'large',
        },
        actorOf(request, response),
        config.MAX_ACTIVE_EXPORTS,
        config.MAX_STORED_BYTES,
      )
      try {
        if (row.status === 'queued') await queue.add({ id: row.id, lane: row.lane, ahead: active })
      } catch (error) {
        // The row is committed, so the export will run: the reconciler adds the job when the queue is available again.
        log.warn({ exportId: row.id, error }, 'the queue is unavailable; the reconciler will enqueue the export')
      }
      response
        .status(202)
        .location(`/v1/exports/${row.id}`)
        .set('Retry-After', String(POLL_INTERVAL_SECONDS))
        .json(presentExport(row))
    },
  })
}

/** A caller waits while the source plans the query. */
const ESTIMATE_TIMEOUT_MS = 300

/** The estimate of the planner; undefined when the source does not answer in time. The export may still run. */
async function estimate({ reader, query, limit }: ExportPlan): Promise<number | undefined> {
  try {
    const estimated = estimateRows(reader, query(limit), ESTIMATE_TIMEOUT_MS)
    return await withTimeout(ESTIMATE_TIMEOUT_MS, estimated, () => new WaybillError('SOURCE_TIMEOUT'))
  } catch {
    return undefined
  }
}

/** The key, and the hash of the request that it identifies. */
function idempotencyOf(key: string | undefined, checked: CheckedRequest): { key: string; hash: string } | undefined {
  if (key === undefined) return undefined
  const { filters, ...rest } = checked
  const canonical = JSON.stringify([Object.entries(rest).sort(), Object.entries(filters).sort()])
  return { key, hash: createHash('sha256').update(canonical).digest('hex') }
}
