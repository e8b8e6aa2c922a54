// What the reconciler does for webhooks: adds lost jobs, forgets what is old, and seals secrets with the newest key.

import type { Database } from '@waybill/shared/database/client.ts'
import type { Logger } from '@waybill/shared/process/log.ts'
import type { DeliveryQueue } from '@waybill/shared/queue/deliveries.ts'
import type { Config } from '@waybill/shared/settings/config.ts'
import { listDue, removeOldDeliveries } from '@waybill/shared/webhooks/deliveries.ts'
import { resealSecrets } from '@waybill/shared/webhooks/resealing.ts'
import { createSecretBox } from '@waybill/shared/webhooks/secret-box.ts'

export interface WebhookReconcilerDeps {
  readonly config: Config
  readonly db: Database
  readonly deliveries: DeliveryQueue
  readonly log: Logger
}

/** Handled in one step of a round at most; the rest has its turn in the next. */
const BATCH = 500

export async function addLostDeliveries(
  { db, deliveries }: WebhookReconcilerDeps,
  stopping: AbortSignal,
): Promise<void> {
  for (const due of await listDue(db, BATCH)) {
    if (stopping.aborted) return
    await deliveries.add(due) // does nothing when the job is there
  }
}

export async function forgetOldDeliveries({ config, db }: WebhookReconcilerDeps): Promise<void> {
  await removeOldDeliveries(db, config.WEBHOOK_LOG_TTL, BATCH)
}

/** After a new key was put in front of the old one: when it has nothing left to do, the old one may go. */
export async function sealAnew({ config, db, log }: WebhookReconcilerDeps): Promise<void> {
  const { changed, unreadable } = await resealSecrets(db, createSecretBox(config.WEBHOOK_SECRET_KEYS), BATCH)
  if (changed > 0) log.info({ changed }, 'webhook secrets were sealed with the newest key')
  if (unreadable > 0)
    log.error({ unreadable }, 'webhook secrets are sealed with a key that is not in WEBHOOK_SECRET_KEYS')
}
