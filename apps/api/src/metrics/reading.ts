// Reads what the metrics tell of the whole system, from the ledger and the queue, when somebody asks.

import { withTimeout } from '@waybill/shared/async/timeout.ts'
import { lastEvent, tallyTrail } from '@waybill/shared/audit/tally.ts'
import { countPendingDeliveries, readLaneDepths } from '@waybill/shared/ledger/system-queries.ts'
import { listWorkers } from '@waybill/shared/ledger/workers.ts'
import { LANES } from '@waybill/shared/queue/exports.ts'
import type { ServerDeps } from '../deps.ts'
import { keepFresh } from '../http/fresh.ts'
import type { DependencyCheck } from './dependencies.ts'
import { LANE_STATES, type Metrics } from './metrics.ts'

/** Milliseconds that the ledger may take: whoever asks gives up soon after (Prometheus: 10 s). */
const TIMEOUT = 5_000

/** Milliseconds for which an answer holds. */
const FRESH = 1_000

type Deps = Pick<ServerDeps, 'db' | 'queue' | 'log'>

/** What is known is told, in the text format of Prometheus; what cannot be read is left out, and not told as it was. */
export function createMetricsReader(
  { db, queue, log }: Deps,
  metrics: Metrics,
  checkDependencies: DependencyCheck,
): () => Promise<string> {
  let counted: bigint | undefined
  const count = async () => {
    if (counted === undefined) {
      const last = await lastEvent(db)
      counted ??= last
      return
    }
    const after = counted
    const tally = await tallyTrail(db, after)
    // One that came too late for its answer must not count what the next has counted.
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
    const [depths, workers, pending] = await Promise.all([
      readLaneDepths(db),
      listWorkers(db),
      countPendingDeliveries(db),
      count(),
    ])
    return { depths, workers, pending }
  }
  const showLedger = async () => {
    const { depths, workers, pending } = await withTimeout(TIMEOUT, readLedger(), () => new Error('no answer in time'))
    for (const { lane, status } of LANE_STATES) {
      metrics.exports.set({ lane, status }, depths.find((depth) => depth.lane === lane)?.[status] ?? 0)
    }
    for (const lane of LANES) {
      const since = depths.find((depth) => depth.lane === lane)?.oldestQueuedAt
      metrics.oldestQueued.set({ lane }, since == null ? 0 : Math.max(0, (Date.now() - since.getTime()) / 1_000))
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
  return keepFresh(FRESH, async () => {
    const dependencies = await checkDependencies()
    for (const [dependency, state] of Object.entries(dependencies)) {
      metrics.dependency.set({ dependency }, state === 'ok' ? 1 : 0)
    }
    for (const gauge of [metrics.exports, metrics.oldestQueued, metrics.jobs, metrics.workers]) gauge.reset()
    metrics.pendingDeliveries.remove()
    const giveUp = (error: unknown) => log.warn({ error }, 'metrics are not whole')
    await Promise.all([
      dependencies.database === 'ok' && showLedger().catch(giveUp),
      dependencies.queue === 'ok' && showQueue().catch(giveUp),
    ])
    return metrics.registry.metrics()
  })
}
