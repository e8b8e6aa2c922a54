// Records refused requests in the audit trail: 30 per caller, kind and minute, and the number of the others.

import { withTimeout } from '@waybill/shared/async/timeout.ts'
import { type Actor, recordEvent } from '@waybill/shared/audit/record.ts'
import type { Database } from '@waybill/shared/database/client.ts'
import type { Datasets } from '@waybill/shared/datasets/registry.ts'
import type { Logger } from '@waybill/shared/process/log.ts'
import type { WaybillError } from '@waybill/shared/vocabulary/errors.ts'
import { csvOptionsSchema, exportRequestSchema } from '@waybill/shared/vocabulary/export.ts'
import type { ErrorRequestHandler, Request, Response } from 'express'
import { toProblemError } from '../http/problem.ts'
import { documentedPath } from '../openapi/operation.ts'
import { withOrigin } from './actor.ts'
import { knownActor } from './authenticate.ts'

/** `export.refused`: an export request that was answered 4xx. `access.refused`: any other request that was answered 403. */
type RefusalType = 'export.refused' | 'access.refused'

export interface RefusalRecorder {
  /** Writes one event, or counts it when the caller has reached the limit. Rejects when the event cannot be written. */
  record(actor: Actor, type: RefusalType, data: Readonly<Record<string, unknown>>): Promise<void>
  /** Writes one event with the count of each caller. Counts that cannot be written are kept for the next time. */
  flush(): Promise<void>
}

/** A client that repeats a mistake in a loop must not fill the trail. Per caller, in one process. */
const MAX_RECORDED_PER_WINDOW = 30
const WINDOW_MS = 60_000

/** The response, or the end of the process, waits this long for one event: the database may be unavailable. */
const RECORD_TIMEOUT_MS = 1_000

/** Call `flush` before the process ends: the timer that does it after each window does not keep the process alive. */
export function createRefusalRecorder(
  { db, log }: { readonly db: Database; readonly log: Logger },
  { windowMs = WINDOW_MS, recordTimeoutMs = RECORD_TIMEOUT_MS } = {},
): RefusalRecorder {
  /** The callers refused in this window, by type and id; and those whose count could not be written. */
  let callers = new Map<
    string,
    { readonly actor: Actor; readonly type: RefusalType; recorded: number; unrecorded: number }
  >()
  let timer: NodeJS.Timeout | undefined
  let flushed = Promise.resolve()

  const entryOf = ({ id, name }: Actor, type: RefusalType) => {
    timer ??= setTimeout(flush, windowMs).unref()
    const key = `${type} ${id}`
    const entry = callers.get(key) ?? { actor: { id, name }, type, recorded: 0, unrecorded: 0 }
    callers.set(key, entry)
    return entry
  }
  const write = (actor: Actor, type: RefusalType, data: Readonly<Record<string, unknown>>) =>
    withTimeout(recordTimeoutMs, recordEvent(db, { type, actor, data }), () => new Error('timed out'))
  const writeCounts = async () => {
    clearTimeout(timer)
    timer = undefined
    const counts = [...callers.values()].filter(({ unrecorded }) => unrecorded > 0)
    callers = new Map()
    let failure: unknown
    for (const { actor, type, unrecorded } of counts) {
      try {
        if (failure === undefined) await write(actor, type, { unrecordedBefore: unrecorded })
      } catch (error) {
        failure = error
        log.warn({ error }, 'the counts of refused requests could not be recorded')
      }
      if (failure !== undefined) entryOf(actor, type).unrecorded += unrecorded
    }
  }
  // One after the other, so that the last flush of the process waits for one that is under way.
  const flush = () => (flushed = flushed.then(writeCounts))

  return {
    async record(actor, type, data) {
      const entry = entryOf(actor, type)
      if (entry.recorded >= MAX_RECORDED_PER_WINDOW) {
        entry.unrecorded += 1
        return
      }
      entry.recorded += 1
      await write(actor, type, data)
    },
    flush,
  }
}

/** Mount before the error handler. Requests without valid credentials are not recorded. */
export function recordRefusals(
  { datasets, log }: { readonly datasets: Datasets; readonly log: Logger },
  recorder: RefusalRecorder,
): ErrorRequestHandler {
  return async (reason: unknown, request, response, next) => {
    const actor = knownActor(response)
    const error = toProblemError(reason)
    const isExport = request.method === 'POST' && /^\/v1\/exports\/?$/i.test(request.path)
    const { status } = error.kind
    if (actor === undefined || status >= 500 || !(isExport || status === 403)) return next(reason)
    try {
      const by = withOrigin(actor, request)
      if (isExport) await recorder.record(by, 'export.refused', describe(error, request.body, datasets))
      else await recorder.record(by, 'access.refused', describeAccess(error, request, response, datasets))
    } catch (failure) {
      const { requestId } = response.locals
      log.warn({ requestId, code: error.code, error: failure }, 'a refused request could not be recorded')
    }
    next(reason)
  }
}

/** The route and not the path, because the path may contain any text; and the id in it. */
function describeAccess(
  { code }: WaybillError,
  { method, route, body }: Request,
  { locals }: Response,
  datasets: Datasets,
): Record<string, unknown> {
  const path: unknown = route?.path
  const id: unknown = locals.params?.id
  return {
    code,
    method,
    ...(typeof path === 'string' ? { route: documentedPath(path) } : {}),
    ...(typeof id === 'string' && UUID.test(id) ? { id: id.toLowerCase() } : {}),
    ...knownDataset(body, datasets),
  }
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** Keeps only known names, because any other text in the request may be a secret in the wrong place. */
function describe(error: WaybillError, body: unknown, datasets: Datasets): Record<string, unknown> {
  const fields = error.errors.slice(0, MAX_FIELDS).map(({ path }) => knownPath(path, datasets))
  return {
    code: error.code,
    ...knownDataset(body, datasets),
    ...(fields.length > 0 ? { fields: [...new Set(fields)] } : {}),
  }
}

function knownDataset(body: unknown, datasets: Datasets): { dataset?: string } {
  const { dataset } = (body ?? {}) as { dataset?: unknown }
  return typeof dataset === 'string' && datasets.has(dataset) ? { dataset } : {}
}

/** Fields named in one event. */
const MAX_FIELDS = 10

const KNOWN_NAMES = new Set([
  ...Object.keys(exportRequestSchema.shape),
  ...Object.keys(csvOptionsSchema.shape),
  'Idempotency-Key',
])

/** `filters.dateFrom` stays, `filters.unknown` becomes `filters.?`. */
function knownPath(path: string, datasets: Datasets): string {
  const isFilter = (name: string) => [...datasets.values()].some(({ filters }) => Object.hasOwn(filters, name))
  return path.replaceAll(/[^.[\]]+/g, (name) =>
    KNOWN_NAMES.has(name) || /^\d{1,4}$/.test(name) || isFilter(name) ? name : '?',
  )
}
