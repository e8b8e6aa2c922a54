// GET /v1/system: how the whole system is doing, for those who run it.
import { type System, systemSchema } from '@waybill/shared/contract/system.ts'
import { type LaneDepth, listFailures, listRunning, readLaneDepths } from '@waybill/shared/ledger/system-queries.ts'
import { listWorkers } from '@waybill/shared/ledger/workers.ts'
import { type JobCounts, LANES } from '@waybill/shared/queue/exports.ts'
import type { ServerDeps } from '../deps.ts'
import { defineRoute, type Route } from '../http/route.ts'
import type { DependencyCheck } from '../metrics/dependencies.ts'
import { presentExport } from '../present/exports.ts'
import { POLL_INTERVAL } from './exports/exports.ts'

const RUNNING_AT_MOST = 50
const FAILURES_AT_MOST = 20

/** Seconds between two looks: it asks every dependency. */
const LOOK_INTERVAL = 5 * POLL_INTERVAL

export function systemRoute({ config, db, queue }: ServerDeps, checkDependencies: DependencyCheck): Route {
  return defineRoute({
    method: 'get',
    path: '/v1/system',
    access: 'admin',
    operationId: 'getSystem',
    tag: 'System',
    summary: 'Tell how the system is doing: dependencies, queue, workers, what runs, what failed',
    answers: {
      200: { description: 'As of now.', body: systemSchema, headers: { 'Retry-After': 'always' } },
    },
    problems: [],
    async handle(_request, response) {
      const [dependencies, depths, jobs, running, failures, workers] = await Promise.all([
        checkDependencies(),
        readLaneDepths(db),
        // A queue that is away is worth telling, not a reason to tell nothing.
        queue.counts().catch(() => undefined),
        listRunning(db, RUNNING_AT_MOST),
        listFailures(db, FAILURES_AT_MOST),
        listWorkers(db),
      ])
      response.set('Retry-After', String(LOOK_INTERVAL)).json({
        dependencies,
        queue: {
          backend: config.REDIS_URL === undefined ? 'postgres' : 'redis',
          lanes: LANES.map((lane) => presentLane(lane, depths, jobs)),
        },
        running: running.map(({ worker, ...row }) => {
          const { id, dataset, format, requestedBy, startedAt, progress } = presentExport(row)
          return { id, dataset, format, requestedBy, startedAt, progress, worker }
        }),
        failures: failures.map((row) => {
          const { id, dataset, format, requestedBy, finishedAt, error } = presentExport(row)
          return { id, dataset, format, requestedBy, finishedAt, error: error ?? UNKNOWN }
        }),
        workers: workers.map(({ name, concurrency, running: count, startedAt, seenAt, isSilent }) => ({
          ...{ name, concurrency, running: count },
          state: isSilent ? ('silent' as const) : ('alive' as const),
          startedAt: startedAt.toISOString(),
          seenAt: seenAt.toISOString(),
        })),
      })
    },
  })
}

const UNKNOWN = { code: 'INTERNAL', message: '', retryable: false }

type Lane = (typeof LANES)[number]

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
