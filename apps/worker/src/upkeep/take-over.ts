// Takes exports over from workers that are lost, and adds their jobs.
import { setTimeout as sleep } from 'node:timers/promises'
import { listQueued } from '@waybill/shared/ledger/queries.ts'
import type { ReconcilerDeps } from '../context.ts'

/** Each worker looks so often for lost exports; the statement may run in several workers at once. */
const MAX_INTERVAL_MS = 2_000

/** Queued exports of each lane among which the lost ones are found. The reconciler adds the jobs of others. */
const BATCH = 500

export function startTakeOver(deps: ReconcilerDeps): { stop(): Promise<void> } {
  const { config, log, outages } = deps
  const stopping = new AbortController()
  const loop = async () => {
    while (!stopping.signal.aborted) {
      try {
        await takeOver(deps)
      } catch (error) {
        outages.reportLedger(error)
        log.warn({ error }, 'lost exports could not be taken over yet')
      }
      const interval = Math.min(MAX_INTERVAL_MS, config.RECONCILE_INTERVAL)
      await sleep(interval, undefined, { signal: stopping.signal }).catch(() => undefined)
    }
  }
  const looping = loop()
  return {
    async stop() {
      stopping.abort()
      await looping
    },
  }
}

/** While the ledger is unavailable, no worker can record a heartbeat: then and soon after, none of them is lost. */
async function takeOver({ config, db, ledger, log, outages, queue, workerName }: ReconcilerDeps): Promise<void> {
  if (!outages.isLedgerReliable()) return
  const lost = new Set(await ledger.reviveLost(config.WORKER_LOCK, workerName))
  if (lost.size === 0) return
  for (const exportId of lost) log.warn({ exportId }, 'the worker of an export was lost; it is queued again')
  for (const waiting of await listQueued(db, BATCH)) if (lost.has(waiting.id)) await queue.add(waiting)
}
