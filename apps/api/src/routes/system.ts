// GET /v1/system: the state of the whole system, for its operators.
import { type System, systemSchema } from '@waybill/shared/contract/system.ts'
import {
  countWaiting,
  type LaneDepth,
  listFailures,
  listRunning,
  readLaneDepths,
} from '@waybill/shared/ledger/system-queries.ts'
import { listWorkers, readSharedOutage } from '@waybill/shared/ledger/workers.ts'
import type { JobCounts } from '@waybill/shared/queue/exports.ts'
import { LANES, type Lane } from '@waybill/shared/vocabulary/export.ts'
import type { ServerDeps } from '../deps.ts'
import { defineRoute, type Route } from '../http/route.ts'
import type { DependencyCheck } from '../metrics/dependencies.ts'
import { presentExport } from '../present/exports.ts'

const MAX_RUNNING = 50
const MAX_FAILURES = 20

/** Longer than for an export, because each request checks all dependencies. */
const POLL_INTERVAL_SECONDS = 5

export function systemRoute({ db, queue }: ServerDeps, checkDependencies: DependencyCheck): Route {
  return defineRoute({
    method: 'get',
    path: '/v1/system',
    access: 'admin',
    operationId: 'getSystem',
    tag: 'System',
    summary: 'Get the system status: dependencies, queue, workers, running exports, recent failures',
    responses: {
      200: { description: 'The current status.', body: systemSchema, headers: { 'Retry-After': 'always' } },
    },
    problems: [],
    async handle(_request, response) {
      const [dependencies, depths, jobs, running, failures, workers, waiting] = await Promise.all([
        checkDependencies(),
        readLaneDepths(db),
        // The status is most useful while the queue is unavailable: its counts are then null.
        queue.counts().catch(() => undefined),
        listRunning(db, MAX_RUNNING),
        listFailures(db, MAX_FAILURES),
        listWorkers(db),
        readSharedOutage(db).then((shared) => countWaiting(db, shared)),
      ])
      response.set('Retry-After', String(POLL_INTERVAL_SECONDS)).json({
        dependencies,
        queue: {
          backend: queue.backend,
          lanes: LANES.map((lane) => presentLane(lane, depths, jobs)),
          waiting,
        },
        running: running.map(({ worker, ...row }) => {
          const { id, dataset, format, requestedBy, requestedByKind, startedAt, progress } = presentExport(row)
          return { id, dataset, format, requestedBy, requestedByKind, startedAt, progress, worker }
        }),
        failures: failures.map((row) => {
          const { id, dataset, format, requestedBy, requestedByKind, finishedAt, error } = presentExport(row)
          return { id, dataset, format, requestedBy, requestedByKind, finishedAt, error: error ?? UNKNOWN_ERROR }
        }),
        workers: workers.map(({ name, concurrency, running: count, unavailable, startedAt, seenAt, isSilent }) => ({
          ...{ name, concurrency, running: count, unavailable },
          state: isSilent ? ('silent' as const) : ('alive' as const),
          startedAt: startedAt.toISOString(),
          seenAt: seenAt.toISOString(),
        })),
      })
    },
  })
}

const UNKNOWN_ERROR = { code: 'INTERNAL', message: '', retryable: false }

function presentLane(
  lane: Lane,
  depths: readonly LaneDepth[],
  jobs: Record<Lane, JobCounts> | undefined,
): System['queue']['lanes'][number] {
  const depth = depths.find((each) => each.lane === lane)
  return {
    lane,
    queued: depth?.queued ?? 0,
    running: depth?.running ?? 0,
    oldestQueuedAt: depth?.oldestQueuedAt?.toISOString() ?? null,
    jobs: jobs?.[lane] ?? null,
  }
}
