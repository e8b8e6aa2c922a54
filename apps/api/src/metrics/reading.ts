// Reads the metrics of the whole system from the ledger and the queue when /metrics is requested.

import { singleFlight } from '@waybill/shared/async/single-flight.ts'
import { withTimeout } from '@waybill/shared/async/timeout.ts'
import { lastEvent, tallyTrail } from '@waybill/shared/audit/tally.ts'
import { countPendingDeliveries, countWaiting, readLaneDepths } from '@waybill/shared/ledger/system-queries.ts'
import { listWorkers, readSharedOutage } from '@waybill/shared/ledger/workers.ts'
import { DEPENDENCIES } from '@waybill/shared/vocabulary/errors.ts'
import { LANES, WAIT_REASONS } from '@waybill/shared/vocabulary/export.ts'
import type { ServerDeps } from '../deps.ts'
import type { DependencyCheck } from './dependencies.ts'
import { LANE_STATES, type Metrics } from './metrics.ts'

/** Below the scrape timeout of Prometheus, which is 10 s by default. */
const LEDGER_TIMEOUT_MS = 5_000

/** Several scrapers within this time share one reading. */
const CACHE_MS = 1_000

type Deps = Pick<ServerDeps, 'db' | 'queue' | 'log'>

/** Returns the text format of Prometheus. Metrics that cannot be read now are left out, so no old value is reported. */
export function createMetricsReader(
  { db, queue, log }: Deps,
  metrics: Metrics,
  checkDependencies: DependencyCheck,
): () => Promise<string> {
  /** The last event of the trail that is included in the counters. */
  let counted: bigint | undefined
  const count = async () => {
    if (counted === undefined) {
      const last = await lastEvent(db)
      counted ??= last
      return
    }
    const after = counted
    const tally = await tallyTrail(db, after)
    // A reading that timed out must not add events that a later reading has counted already.
    if (counted !== after) return
    counted = tally.upTo
    for (const { type, count: more } of tally.events) metrics.events.inc({ type }, more)
    for (const { code, count: more } of tally.failed) metrics.failed.inc({ code }, more)
    for (const { dataset, format, rows, bytes, seconds } of tally.completed) {
      metrics.duration.observe({ dataset, format }, seconds)
      metrics.rows.inc({ dataset, format }, rows)
      metrics.bytes.inc({ dataset, format }, bytes)
    }
  }
  const readLedger = async () => {
    const [depths, workers, pending, waiting] = await Promise.all([
      readLaneDepths(db),
      listWorkers(db),
      countPendingDeliveries(db),
      readSharedOutage(db).then((shared) => countWaiting(db, shared)),
      count(),
    ])
    return { depths, workers, pending, waiting }
  }
  const showLedger = async () => {
    const { depths, workers, pending, waiting } = await withTimeout(
      LEDGER_TIMEOUT_MS,
      readLedger(),
      () => new Error('timed out'),
    )
    for (const { lane, status } of LANE_STATES) {
      metrics.exports.set({ lane, status }, depths.find((depth) => depth.lane === lane)?.[status] ?? 0)
    }
    for (const lane of LANES) {
      const since = depths.find((depth) => depth.lane === lane)?.oldestQueuedAt
      metrics.oldestQueued.set({ lane }, since == null ? 0 : Math.max(0, (Date.now() - since.getTime()) / 1_000))
    }
    for (const reason of WAIT_REASONS) metrics.waiting.set({ for: reason }, waiting[reason])
    for (const dependency of DEPENDENCIES) {
      const without = workers.filter(({ isSilent, unavailable }) => !isSilent && unavailable.includes(dependency))
      metrics.workersWithout.set({ dependency }, without.length)
    }
    const silent = workers.filter(({ isSilent }) => isSilent).length
    metrics.workers.set({ state: 'alive' }, workers.length - silent)
    metrics.workers.set({ state: 'silent' }, silent)
    metrics.pendingDeliveries.set(pending)
  }
  const showQueue = async () => {
    const jobs = await queue.counts()
    for (const lane of LANES) {
      metrics.jobs.set({ lane, state: 'waiting' }, jobs[lane].waiting)
      metrics.jobs.set({ lane, state: 'active' }, jobs[lane].active)
    }
  }
  return singleFlight(CACHE_MS, async () => {
    const dependencies = await checkDependencies()
    for (const [dependency, state] of Object.entries(dependencies)) {
      metrics.dependency.set({ dependency }, state === 'ok' ? 1 : 0)
    }
    for (const gauge of [
      metrics.exports,
      metrics.waiting,
      metrics.workersWithout,
      metrics.oldestQueued,
      metrics.jobs,
      metrics.workers,
    ])
      gauge.reset()
    metrics.pendingDeliveries.remove()
    const warn = (error: unknown) => log.warn({ error }, 'the metrics are incomplete')
    await Promise.all([
      dependencies.database === 'ok' && showLedger().catch(warn),
      dependencies.queue === 'ok' && showQueue().catch(warn),
    ])
    return metrics.registry.metrics()
  })
}
