// The queue of webhooks on BullMQ, beside that of exports: a receiver that is slow never holds up an export.
import { type Processor, type WorkerOptions, withBackend } from 'bullmq'
import { withTimeout } from '../async/timeout.ts'
import type { DueDelivery } from '../webhooks/deliveries.ts'
import { backendFactory, type QueueConfig } from './exports.ts'

/** What a job carries: the id only. The row is the truth, so a job can be lost or doubled without harm. */
export interface DeliveryJob {
  readonly deliveryId: string
}

export interface DeliveryQueue {
  /** Adds a job for this moment of this delivery unless it is there already. Rejects soon when the queue is away. */
  add(due: DueDelivery): Promise<void>
  close(): Promise<void>
}

const NAME = 'webhooks'

/** Whoever caused the delivery waits for it this long at most; the reconciler adds the job later (milliseconds). */
const ADD_TIMEOUT = 900

export function createDeliveryQueue(config: QueueConfig, onError: (error: Error) => void): DeliveryQueue {
  const { Queue } = withBackend(backendFactory(config, 'producer'))
  const queue = new Queue<DeliveryJob>(NAME, {
    connection: {},
    prefix: config.QUEUE_PREFIX,
    // The table keeps what became of it; a finished job must not stand in the way of a new one.
    defaultJobOptions: { removeOnComplete: true, removeOnFail: true },
  })
  queue.on('error', onError)
  return {
    async add({ id, dueAt }) {
      // With the moment in its name, a job of the next try is another one than that of the try before.
      const options = { jobId: `${id}-${dueAt.getTime()}`, delay: Math.max(0, dueAt.getTime() - Date.now()) }
      const silent = () => new Error(`the queue did not answer within ${ADD_TIMEOUT} ms`)
      await withTimeout(ADD_TIMEOUT, queue.add('deliver', { deliveryId: id }, options), silent)
    },
    close: () => queue.close(),
  }
}

/** A BullMQ worker on the deliveries. It starts at once unless `autorun` is false. */
export function createDeliveryWorker(
  config: QueueConfig,
  processor: Processor<DeliveryJob>,
  options: Omit<WorkerOptions, 'connection' | 'prefix'>,
) {
  const { Worker } = withBackend(backendFactory(config, 'worker'))
  return new Worker<DeliveryJob>(NAME, processor, { ...options, connection: {}, prefix: config.QUEUE_PREFIX })
}
