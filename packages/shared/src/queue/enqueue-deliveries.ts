// Enqueues deliveries right after the transition that wrote them; the reconciler is the fallback.
import type { Database } from '../database/client.ts'
import type { Logger } from '../process/log.ts'
import { type DueDelivery, listDueOf } from '../webhooks/deliveries.ts'
import type { DeliveryQueue } from './deliveries.ts'

export interface DeliveryEnqueuer {
  /** Enqueues the due deliveries of these exports in the background. Returns at once and never throws. */
  enqueueDeliveries(exportIds: readonly string[]): void
  /** Resolves when nothing is being enqueued. */
  idle(): Promise<void>
}

interface EnqueueDeps {
  readonly deliveries: DeliveryQueue
  readonly log: Logger
}

/** One delivery after the other: there may be many, and the queue has few connections. */
export function createDeliveryEnqueuer(deps: EnqueueDeps & { readonly db: Database }): DeliveryEnqueuer {
  const { db, deliveries, log } = deps
  const pending = new Set<string>()
  let isDraining = false
  let drained = Promise.resolve()
  const drain = async (): Promise<void> => {
    try {
      for (const exportId of pending) {
        pending.delete(exportId)
        for (const due of await listDueOf(db, exportId)) await deliveries.add(due)
      }
    } catch (error) {
      // The others would fail as slowly as this one did, so they are left to the reconciler.
      pending.clear()
      log.warn({ error }, 'deliveries could not be enqueued; the reconciler enqueues them')
    } finally {
      isDraining = false
    }
  }
  return {
    enqueueDeliveries(exportIds) {
      for (const id of exportIds) pending.add(id)
      if (isDraining) return
      isDraining = true
      drained = drain()
    },
    idle: () => drained,
  }
}

/** Enqueues one delivery. Never throws: its row is written, only the job would be missing. */
export async function enqueueDelivery({ deliveries, log }: EnqueueDeps, due: DueDelivery): Promise<void> {
  try {
    await deliveries.add(due)
  } catch (error) {
    log.warn({ deliveryId: due.id, error }, 'a delivery could not be enqueued; the reconciler enqueues it')
  }
}
