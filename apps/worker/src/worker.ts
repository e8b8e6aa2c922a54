// The worker: runs exports and delivers webhooks, reconciles, and registers itself.
import { hostname } from 'node:os'
import { SILENT_AFTER_MS } from '@waybill/shared/ledger/workers.ts'
import { type ExportJob, exportQueueName } from '@waybill/shared/queue/exports.ts'
import { LANES } from '@waybill/shared/vocabulary/export.ts'
import type { WorkerDeps } from './context.ts'
import { createLaneSlots } from './exports/lane-slots.ts'
import type { Outcome } from './exports/record-outcome.ts'
import { runExport } from './exports/run-export.ts'
import type { WorkerHealth } from './health/server.ts'
import { CLOSE_TIMEOUT_MS, type JobOutcome, startJobRunner } from './job-runner.ts'
import { createOutages } from './outages/outages.ts'
import { startReconciler } from './upkeep/reconcile.ts'
import { startRegistration } from './upkeep/registration.ts'
import { startTakeOver } from './upkeep/take-over.ts'
import { waitForAll } from './wait-for-all.ts'
import { startDeliveryWorker } from './webhooks/delivery-worker.ts'

export interface RunningWorker {
  health(): WorkerHealth
  /**
   * Takes no new work. Running exports may finish for `graceMs`, then they are handed back. Resolves when nothing runs
   * any more.
   */
  stop(graceMs: number): Promise<void>
}

export function startWorker(deps: WorkerDeps): RunningWorker {
  const { config, db, log } = deps
  const workerName = `worker:${hostname()}:${process.pid}`
  const outages = createOutages(deps)
  const context = { ...deps, outages, workerName }
  const slots = createLaneSlots({ db, log, concurrency: config.WORKER_CONCURRENCY })
  const exports = startJobRunner<ExportJob>({
    ...{ config, log, queues: LANES.map(exportQueueName), concurrency: slots.jobs },
    run: async ({ exportId }, signals, queue) =>
      jobOutcome(await slots.run(queue, exportId, () => runExport(context, exportId, signals))),
  })
  const webhooks = startDeliveryWorker(context)
  const reconciler = startReconciler(context)
  const takeOver = startTakeOver(context)
  const registration = startRegistration({
    ...{ db, log, name: workerName, concurrency: config.WORKER_CONCURRENCY },
    running: slots.running,
    unavailable: outages.unavailable,
  })
  let known = ''
  outages.onChange(() => {
    if (outages.isHolding()) exports.hold()
    else exports.resume()
    const unavailable = outages.unavailable().join()
    if (unavailable !== known) registration.renew()
    known = unavailable
  })

  let isStopping = false

  return {
    health() {
      const age = registration.age()
      if (isStopping) return 'stopping'
      if (age === undefined) return 'starting'
      return age > SILENT_AFTER_MS ? 'away' : 'ok'
    },
    async stop(graceMs) {
      isStopping = true
      const reconciled = Promise.all([reconciler.stop(), takeOver.stop()])
      const delivered = webhooks.stop(graceMs)
      await exports.drain(graceMs)
      outages.stop()
      await waitForAll([reconciled, delivered, registration.stop(), exports.close()], CLOSE_TIMEOUT_MS)
    },
  }
}

/** After it, a job for which there was no slot is handed out again. */
const NO_SLOT_DELAY_MS = 1_000

/** @param outcome undefined: there was no slot for the export, so it was not attempted */
function jobOutcome(outcome: Outcome | undefined): JobOutcome {
  if (outcome === undefined) return { kind: 'later', delay: NO_SLOT_DELAY_MS }
  if (outcome.kind === 'retry') return { kind: 'later', delay: outcome.delay }
  return { kind: outcome.kind === 'released' ? 'handed-back' : 'done' }
}
