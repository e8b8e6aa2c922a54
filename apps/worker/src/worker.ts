// The BullMQ glue: takes jobs, runs exports, and tells the queue what each outcome means to it.
import { hostname } from 'node:os'
import { createQueueWorker, type ExportJob } from '@waybill/shared/queue/exports.ts'
import { LANES } from '@waybill/shared/vocabulary/export.ts'
import { DelayedError, type Job, WaitingError } from 'bullmq'
import type { ExportDeps, WorkerDeps } from './context.ts'
import { WorkerStopping } from './exports/pulse.ts'
import { runExport } from './exports/run-export.ts'
import { settledWithin } from './settled-within.ts'
import { startPresence } from './upkeep/presence.ts'
import { startReconciler } from './upkeep/reconcile.ts'
import { startDeliveryWorker } from './webhooks/delivery-worker.ts'

export interface RunningWorker {
  /**
   * Takes no new work, lets running exports finish for so many milliseconds, then hands them back. Resolves
   * when nothing runs any more.
   */
  stop(grace: number): Promise<void>
}

/** How long exports may take to hand themselves back, and the queue to say goodbye (milliseconds). */
const HANDBACK_TIMEOUT = 10_000

/** Stalled jobs are the ledger's to judge: it counts starts. BullMQ only has to hand them out again. */
const MAX_STALLED = 1_000_000

export function startWorker(deps: WorkerDeps): RunningWorker {
  const { config, log } = deps
  const exportDeps: ExportDeps = { ...deps, workerName: `worker:${hostname()}:${process.pid}` }
  const stopping = new AbortController()
  const running = new Set<Promise<unknown>>()
  let isStopping = false
  let isClosed = false

  const runJob = async (job: Job<ExportJob>, token: string | undefined): Promise<void> => {
    if (isStopping) {
      // BullMQ may hand out one more job that it was waiting for when it was told to pause.
      await job.moveToWait(token)
      throw new WaitingError()
    }
    const work = runExport(exportDeps, job.data.exportId, stopping.signal)
    running.add(work)
    try {
      const outcome = await work
      if (outcome.kind === 'retry') {
        await job.moveToDelayed(Date.now() + outcome.delay, token)
        throw new DelayedError()
      }
      if (outcome.kind === 'released') {
        await job.moveToWait(token)
        throw new WaitingError()
      }
    } finally {
      running.delete(work)
    }
  }

  const workers = LANES.map((lane) => {
    const worker = createQueueWorker(config, lane, runJob, {
      concurrency: config.WORKER_CONCURRENCY,
      lockDuration: config.WORKER_LOCK,
      stalledInterval: config.WORKER_LOCK,
      maxStalledCount: MAX_STALLED,
      runRetryDelay: 1_000,
    })
    worker.on('error', (error) => {
      // What the queue's server says to connections that are left is news to nobody any more.
      if (!isClosed) log.warn({ lane, error }, 'queue')
    })
    worker.on('failed', (job, error) => log.error({ exportId: job?.data.exportId, error }, 'job failed'))
    return worker
  })
  const webhooks = startDeliveryWorker({ ...deps, workerName: exportDeps.workerName })
  const reconciler = startReconciler({ ...deps, workerName: exportDeps.workerName })
  const presence = startPresence({
    ...{ db: deps.db, log, name: exportDeps.workerName, concurrency: config.WORKER_CONCURRENCY },
    running: () => running.size,
  })

  return {
    async stop(grace) {
      isStopping = true
      const reconciled = reconciler.stop()
      const delivered = webhooks.stop(grace)
      await Promise.all(workers.map((worker) => worker.pause(true)))
      await settledWithin(running, grace)
      stopping.abort(new WorkerStopping())
      // A storage or a queue that hangs must not keep the process: what is left open is cleaned up by others.
      await settledWithin(running, HANDBACK_TIMEOUT)
      const closed = workers.map((worker) => worker.close())
      await settledWithin([reconciled, delivered, presence.stop(), ...closed], HANDBACK_TIMEOUT)
      isClosed = true
    },
  }
}
