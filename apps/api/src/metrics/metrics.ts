// What Prometheus is told: the names, and what is counted here as it happens.

import { LANES } from '@waybill/shared/queue/exports.ts'
import { ERRORS } from '@waybill/shared/vocabulary/errors.ts'
import { EVENT_TYPES } from '@waybill/shared/vocabulary/event-types.ts'
import { FORMAT_NAMES } from '@waybill/shared/vocabulary/export.ts'
import type { RequestHandler } from 'express'
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import { documentedPath } from '../openapi/operation.ts'

export type Metrics = ReturnType<typeof createMetrics>

/** Seconds: most answers take a few milliseconds, a preview of a large table seconds. */
const ANSWER_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** Seconds: a small export takes a tenth of one, and six hours are the limit that EXPORT_TIMEOUT usually sets. */
const EXPORT_BUCKETS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600, 21_600]

/**
 * @param datasets by their names: what can be counted stands at 0 from the start, so that the first shows as a change
 * @param registry where the process tells of itself, too
 */
export function createMetrics(datasets: Iterable<string>, registry = new Registry()) {
  const registers = [registry]
  const files = { labelNames: ['dataset', 'format'] as const, registers }
  const metrics = {
    registry,
    requests: new Histogram({
      name: 'waybill_http_request_duration_seconds',
      help: 'Requests, by their route as the OpenAPI document has it; status "aborted": the caller did not wait.',
      labelNames: ['method', 'route', 'status'],
      buckets: ANSWER_BUCKETS,
      registers,
    }),
    dependency: new Gauge({
      name: 'waybill_dependency_up',
      help: '1: it answers. 0: it is away.',
      labelNames: ['dependency'],
      registers,
    }),
    exports: new Gauge({
      name: 'waybill_exports',
      help: 'Exports that wait or run, by the ledger.',
      labelNames: ['lane', 'status'],
      registers,
    }),
    oldestQueued: new Gauge({
      name: 'waybill_exports_oldest_queued_seconds',
      help: 'Age of the oldest export that is queued; 0: none is.',
      labelNames: ['lane'],
      registers,
    }),
    jobs: new Gauge({
      name: 'waybill_queue_jobs',
      help: 'Jobs that the queue knows of; none of these when it is away.',
      labelNames: ['lane', 'state'],
      registers,
    }),
    workers: new Gauge({
      name: 'waybill_workers',
      help: 'Workers, alive or silent for more than 20 seconds.',
      labelNames: ['state'],
      registers,
    }),
    pendingDeliveries: new Gauge({
      name: 'waybill_webhook_deliveries_pending',
      help: 'Messages to receivers that are not delivered and not given up.',
      registers,
    }),
    events: new Counter({
      name: 'waybill_events_total',
      help: 'Events of the audit trail, of all processes, since this one was asked first.',
      labelNames: ['type'],
      registers,
    }),
    duration: new Histogram({
      name: 'waybill_export_duration_seconds',
      help: 'Completed exports, from the request until the file was there.',
      buckets: EXPORT_BUCKETS,
      ...files,
    }),
    rows: new Counter({ name: 'waybill_exported_rows_total', help: 'Rows of completed exports.', ...files }),
    bytes: new Counter({ name: 'waybill_exported_bytes_total', help: 'Bytes of completed exports.', ...files }),
    failed: new Counter({
      name: 'waybill_exports_failed_total',
      help: 'Exports that failed, by their code.',
      labelNames: ['code'],
      registers,
    }),
  }
  for (const type of EVENT_TYPES) metrics.events.inc({ type }, 0)
  for (const code of Object.keys(ERRORS)) metrics.failed.inc({ code }, 0)
  for (const dataset of datasets) {
    for (const format of FORMAT_NAMES) {
      metrics.duration.zero({ dataset, format })
      for (const counter of [metrics.rows, metrics.bytes]) counter.inc({ dataset, format }, 0)
    }
  }
  return metrics
}

/** The lanes and states that there are, so that nothing of one is told as 0 and not left out. */
export const LANE_STATES = LANES.flatMap((lane) => (['queued', 'running'] as const).map((status) => ({ lane, status })))

/** Anything else is `other`: callers must not be able to make up figures. */
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PATCH', 'DELETE', 'OPTIONS'])

/** Times every request by its route: paths hold ids, and there would be no end of them. */
export function measureRequests({ requests }: Metrics): RequestHandler {
  return (request, response, next) => {
    const method = METHODS.has(request.method) ? request.method : 'other'
    const stop = requests.startTimer({ method })
    // "finish" is not said when the caller has gone.
    response.on('close', () => {
      const status = response.writableFinished ? String(response.statusCode) : 'aborted'
      const path: unknown = request.route?.path
      stop({ route: typeof path === 'string' ? documentedPath(path) : 'none', status })
    })
    next()
  }
}
