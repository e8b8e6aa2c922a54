// Declares the Prometheus metrics and measures requests.

import { ERRORS } from '@waybill/shared/vocabulary/errors.ts'
import { EVENT_TYPES } from '@waybill/shared/vocabulary/event-types.ts'
import { FORMAT_NAMES, LANES } from '@waybill/shared/vocabulary/export.ts'
import type { RequestHandler } from 'express'
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import { documentedPath } from '../openapi/operation.ts'

export type Metrics = ReturnType<typeof createMetrics>

/** Most responses take a few milliseconds; a preview of a large table takes seconds. */
const RESPONSE_BUCKETS_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** A small export takes a tenth of a second; six hours is the default of EXPORT_TIMEOUT. */
const EXPORT_BUCKETS_SECONDS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600, 21_600]

/**
 * Counters start at 0 for all their labels, so that the first event shows as an increase.
 *
 * @param datasets names
 * @param registry may hold the metrics of the process already
 */
export function createMetrics(datasets: Iterable<string>, registry = new Registry()) {
  const registers = [registry]
  const files = { labelNames: ['dataset', 'format'] as const, registers }
  const metrics = {
    registry,
    requests: new Histogram({
      name: 'waybill_http_request_duration_seconds',
      help: 'Duration of requests by route, as in the OpenAPI document. Status "aborted": the client disconnected.',
      labelNames: ['method', 'route', 'status'],
      buckets: RESPONSE_BUCKETS_SECONDS,
      registers,
    }),
    dependency: new Gauge({
      name: 'waybill_dependency_up',
      help: '1 if the dependency is available, 0 if not.',
      labelNames: ['dependency'],
      registers,
    }),
    exports: new Gauge({
      name: 'waybill_exports',
      help: 'Exports that are queued or running, from the ledger.',
      labelNames: ['lane', 'status'],
      registers,
    }),
    waiting: new Gauge({
      name: 'waybill_exports_waiting',
      help: 'Queued exports by what they wait for: turn, retry (delay after an error), storage, source.',
      labelNames: ['for'],
      registers,
    }),
    workersWithout: new Gauge({
      name: 'waybill_workers_without_dependency',
      help: 'Workers that cannot reach the dependency. They start no export until it answers.',
      labelNames: ['dependency'],
      registers,
    }),
    oldestQueued: new Gauge({
      name: 'waybill_exports_oldest_queued_seconds',
      help: 'Age of the oldest queued export; 0 if none is queued.',
      labelNames: ['lane'],
      registers,
    }),
    jobs: new Gauge({
      name: 'waybill_queue_jobs',
      help: 'Jobs in the queue; absent while the queue is unavailable.',
      labelNames: ['lane', 'state'],
      registers,
    }),
    workers: new Gauge({
      name: 'waybill_workers',
      help: 'Workers; silent: no heartbeat for more than 20 seconds.',
      labelNames: ['state'],
      registers,
    }),
    pendingDeliveries: new Gauge({
      name: 'waybill_webhook_deliveries_pending',
      help: 'Webhook deliveries that have neither succeeded nor failed for good.',
      registers,
    }),
    events: new Counter({
      name: 'waybill_events_total',
      help: 'Events of the audit trail from all processes, since the first scrape of this one.',
      labelNames: ['type'],
      registers,
    }),
    duration: new Histogram({
      name: 'waybill_export_duration_seconds',
      help: 'Time from the request to the complete file, of completed exports.',
      buckets: EXPORT_BUCKETS_SECONDS,
      ...files,
    }),
    rows: new Counter({ name: 'waybill_exported_rows_total', help: 'Rows of completed exports.', ...files }),
    bytes: new Counter({ name: 'waybill_exported_bytes_total', help: 'Bytes of completed exports.', ...files }),
    failed: new Counter({
      name: 'waybill_exports_failed_total',
      help: 'Failed exports by error code.',
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

/** All combinations, so that one without exports is reported as 0 and not left out. */
export const LANE_STATES = LANES.flatMap((lane) => (['queued', 'running'] as const).map((status) => ({ lane, status })))

/** Any other method is reported as `other`, so that clients cannot create label values. */
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PATCH', 'DELETE', 'OPTIONS'])

/** Measures each request by its route, not its path: paths contain ids, and each id would become a label value. */
export function measureRequests({ requests }: Metrics): RequestHandler {
  return (request, response, next) => {
    const method = METHODS.has(request.method) ? request.method : 'other'
    const stop = requests.startTimer({ method })
    // "finish" is not emitted when the client has disconnected.
    response.on('close', () => {
      const status = response.writableFinished ? String(response.statusCode) : 'aborted'
      const path: unknown = request.route?.path
      stop({ route: typeof path === 'string' ? documentedPath(path) : 'none', status })
    })
    next()
  }
}
