// Writes refused requests for an export into the trail: who asked for what they did not get.

import { withTimeout } from '@waybill/shared/async/timeout.ts'
import { recordEvent } from '@waybill/shared/audit/record.ts'
import type { Database } from '@waybill/shared/database/client.ts'
import type { Datasets } from '@waybill/shared/datasets/registry.ts'
import type { Logger } from '@waybill/shared/process/log.ts'
import type { WaybillError } from '@waybill/shared/vocabulary/errors.ts'
import { csvOptionsSchema, exportRequestSchema } from '@waybill/shared/vocabulary/export.ts'
import type { ErrorRequestHandler } from 'express'
import { toProblemError } from '../http/problem.ts'
import { actorOf } from './actor.ts'
import type { RefusalQuota } from './refusal-quota.ts'
import { createUntoldTimer } from './untold-refusals.ts'

interface RefusalDeps {
  readonly db: Database
  readonly datasets: Datasets
  readonly log: Logger
}

/** Milliseconds that the answer waits for the event: the ledger may be away, and the answer stays what it is. */
const PATIENCE = 1_000

/** Fields named in one event at most. */
const MAX_FIELDS = 10

/** To be mounted at /v1/exports, before the error handler. Whoever has no valid token is not in the trail. */
export function recordRefusals({ db, datasets, log }: RefusalDeps, quota: RefusalQuota): ErrorRequestHandler {
  const tellSoon = createUntoldTimer({ db, log }, quota)
  return async (reason: unknown, request, response, next) => {
    const isPost = request.method === 'POST' && request.path === '/'
    if (!isPost || response.locals.caller === undefined) return next(reason)
    const error = toProblemError(reason)
    const actor = actorOf(request, response)
    if (error.kind.status >= 500) return next(reason)
    const turn = quota.take(actor)
    if (turn === undefined) {
      tellSoon()
      return next(reason)
    }
    const data = {
      ...describe(error, request.body, datasets),
      ...(turn.unrecorded > 0 ? { unrecordedBefore: turn.unrecorded } : {}),
    }
    try {
      const recorded = recordEvent(db, { type: 'export.refused', actor, data })
      await withTimeout(PATIENCE, recorded, () => new Error('the ledger did not answer in time'))
    } catch (failure) {
      log.warn(
        { requestId: response.locals.requestId, code: error.code, error: failure },
        'refusal is not in the trail',
      )
    }
    next(reason)
  }
}

/** Of what the caller sent only what we know by name: anything else may be a secret in the wrong place. */
function describe(error: WaybillError, body: unknown, datasets: Datasets): Record<string, unknown> {
  const { dataset } = (body ?? {}) as { dataset?: unknown }
  const fields = error.errors.slice(0, MAX_FIELDS).map(({ path }) => knownPath(path, datasets))
  return {
    code: error.code,
    ...(typeof dataset === 'string' && datasets.has(dataset) ? { dataset } : {}),
    ...(fields.length > 0 ? { fields: [...new Set(fields)] } : {}),
  }
}

const KNOWN = new Set([
  ...Object.keys(exportRequestSchema.shape),
  ...Object.keys(csvOptionsSchema.shape),
  'Idempotency-Key',
])

/** `filters.dateFrom` as it is, `filters.whatever` as `filters.?`. */
function knownPath(path: string, datasets: Datasets): string {
  const isFilter = (name: string) => [...datasets.values()].some(({ filters }) => Object.hasOwn(filters, name))
  return path.replaceAll(/[^.[\]]+/g, (name) =>
    KNOWN.has(name) || /^\d{1,4}$/.test(name) || isFilter(name) ? name : '?',
  )
}
