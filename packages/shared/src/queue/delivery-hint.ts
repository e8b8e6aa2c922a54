// Has webhooks sent soon after what they tell of; the reconciler would see to it a little later.
import type { Database } from '../database/client.ts'
import type { Logger } from '../process/log.ts'
import { type DueDelivery, listDueOf } from '../webhooks/deliveries.ts'
import type { DeliveryQueue } from './deliveries.ts'

export interface HintDeps {
  readonly db: Database
  readonly deliveries: DeliveryQueue
  readonly log: Logger
}

/** After a transition of this export. Never fails: the deliveries are written, only their jobs would be missing. */
export async function hintDeliveries({ db, deliveries, log }: HintDeps, exportId: string): Promise<void> {
  try {
    await addDeliveries(deliveries, await listDueOf(db, exportId))
  } catch (error) {
    log.warn({ exportId, error }, 'the queue is away; webhooks wait for the reconciler')
  }
}

/** As {@link hintDeliveries}, for one that is known. */
export async function hintDelivery({ deliveries, log }: Omit<HintDeps, 'db'>, due: DueDelivery): Promise<void> {
  try {
    await deliveries.add(due)
  } catch (error) {
    log.warn({ deliveryId: due.id, error }, 'the queue is away; a webhook waits for the reconciler')
  }
}

/** One after the other: there may be many, and the queue has few connections. */
async function addDeliveries(deliveries: DeliveryQueue, due: readonly DueDelivery[]): Promise<void> {
  for (const delivery of due) await deliveries.add(delivery)
}
