// The queue of webhook deliveries. It is separate from that of exports, so that a slow receiver never delays an export.
import type { DueDelivery } from '../webhooks/deliveries.ts'
import { closeQueue, createQueue, type QueueConfig, withinAnswerTime } from './backend.ts'

/** A job carries the id only. The row is the truth, so a lost or doubled job does no harm. */
export interface DeliveryJob {
  readonly deliveryId: string
}

export interface DeliveryQueue {
  /** Adds a job for this moment of this delivery unless it is there already. Rejects soon when the queue is unavailable. */
  add(due: DueDelivery): Promise<void>
  close(): Promise<void>
}

export const DELIVERY_QUEUE_NAME = 'webhooks'

export function createDeliveryQueue(config: QueueConfig, onError: (error: Error) => void): DeliveryQueue {
  const queue = createQueue<DeliveryJob>(config, DELIVERY_QUEUE_NAME, onError)
  return {
    async add({ id, dueAt }) {
      // The moment is part of the id: the job of the next try is another one than the job of this try.
      const options = { jobId: `${id}-${dueAt.getTime()}`, delay: Math.max(0, dueAt.getTime() - Date.now()) }
      await withinAnswerTime(queue.add('deliver', { deliveryId: id }, options))
    },
    close: () => closeQueue(queue),
  }
}
