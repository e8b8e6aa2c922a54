// Runs the jobs of one or more queues, and stops without losing one: what still runs is handed back.
import { delayedAbort } from '@waybill/shared/async/abort.ts'
import type { Logger } from '@waybill/shared/process/log.ts'
import { createQueueWorker } from '@waybill/shared/queue/backend.ts'
import type { Config } from '@waybill/shared/settings/schema.ts'
import { DelayedError, type Job, WaitingError } from 'bullmq'
import { waitForAll } from './wait-for-all.ts'

/** The reason with which a running job is aborted when the process shuts down. */
export class WorkerStopping extends Error {
  override readonly name = 'WorkerStopping'
}

/** What happens to the job. */
export type JobOutcome =
  /** It is removed. */
  | { readonly kind: 'done' }
  /** It runs again after `delay` milliseconds. */
  | { readonly kind: 'later'; readonly delay: number }
  /** It goes back to the queue, for another worker. */
  | { readonly kind: 'handed-back' }

export interface JobRunnerOptions<Data> {
  readonly config: Config
  readonly log: Logger
  /** The names of the queues. Each has a separate BullMQ worker. */
  readonly queues: readonly string[]
  /** Jobs of one queue at a time. */
  readonly concurrency: number
  /** @param queue the name of the job's queue */
  run(data: Data, signals: JobSignals, queue: string): Promise<JobOutcome>
}

/** Both abort with {@link WorkerStopping}. */
export interface JobSignals {
  /** The job must end now. */
  readonly stopping: AbortSignal
  /** The job has not handed itself back in time: the process does not wait for it any longer. */
  readonly tooLate: AbortSignal
}

export interface JobRunner {
  /** How many jobs run now. */
  running(): number
  /** Takes no new jobs, until `resume`. */
  hold(): void
  resume(): void
  /** Takes no new jobs. Running ones may finish for `graceMs`, then they are aborted. Resolves when none runs. */
  drain(graceMs: number): Promise<void>
  /** Closes the connections to the queue. */
  close(): Promise<void>
}

/** The ledger counts attempts, so BullMQ must hand out a stalled job again, however often. */
const MAX_STALLED_COUNT = 1_000_000

const RUN_RETRY_DELAY_MS = 1_000

/**
 * The queue hands the job of a worker that was killed to another worker after the first of these plus the second. They may
 * be short: while the export has a running attempt, the other worker drops the job.
 */
const MAX_JOB_LOCK_MS = 10_000
const MAX_STALLED_INTERVAL_MS = 5_000

/** For aborted jobs to hand themselves back. A storage that hangs must not keep the process: the reconciler cleans up. */
const HANDBACK_TIMEOUT_MS = 10_000

/** For the queue to close. A queue that hangs must not keep the process. */
export const CLOSE_TIMEOUT_MS = 10_000

export function startJobRunner<Data extends object>(options: JobRunnerOptions<Data>): JobRunner {
  const { config, log, queues, concurrency, run } = options
  const stopping = new AbortController()
  const signals: JobSignals = {
    stopping: stopping.signal,
    tooLate: delayedAbort(stopping.signal, HANDBACK_TIMEOUT_MS),
  }
  const running = new Set<Promise<unknown>>()
  let isDraining = false
  let isHeld = false
  let isClosed = false

  const processJob = async (job: Job<Data>, token: string | undefined): Promise<void> => {
    if (isDraining || isHeld) {
      // A BullMQ worker that waited for a job when it was paused may still get one.
      await job.moveToWait(token)
      throw new WaitingError()
    }
    const work = run(job.data, signals, job.queueName)
    running.add(work)
    try {
      const outcome = await work
      if (outcome.kind === 'later') {
        await job.moveToDelayed(Date.now() + outcome.delay, token)
        throw new DelayedError()
      }
      if (outcome.kind === 'handed-back') {
        await job.moveToWait(token)
        throw new WaitingError()
      }
    } finally {
      running.delete(work)
    }
  }

  const workers = queues.map((queue) => {
    const worker = createQueueWorker(config, queue, processJob, {
      concurrency,
      lockDuration: Math.min(config.WORKER_LOCK, MAX_JOB_LOCK_MS),
      stalledInterval: Math.min(config.WORKER_LOCK, MAX_STALLED_INTERVAL_MS),
      maxStalledCount: MAX_STALLED_COUNT,
      runRetryDelay: RUN_RETRY_DELAY_MS,
    })
    worker.on('error', (error) => {
      // After close, errors of leftover connections are expected.
      if (!isClosed) log.warn({ queue, error }, 'queue')
    })
    worker.on('failed', (job, error) => log.error({ ...job?.data, error }, 'job failed'))
    return worker
  })

  return {
    running: () => running.size,
    hold() {
      isHeld = true
      for (const worker of workers) void worker.pause(true)
    },
    resume() {
      isHeld = false
      if (isDraining) return
      for (const worker of workers) void worker.resume()
    },
    async drain(graceMs) {
      isDraining = true
      await Promise.all(workers.map((worker) => worker.pause(true)))
      await waitForAll(running, graceMs)
      stopping.abort(new WorkerStopping())
      await waitForAll(running, HANDBACK_TIMEOUT_MS)
    },
    async close() {
      await waitForAll(
        workers.map((worker) => worker.close()),
        CLOSE_TIMEOUT_MS,
      )
      isClosed = true
    },
  }
}
