// What the reconciler does for webhooks: adds lost jobs, forgets what is old, and seals secrets with the newest key.

import { listDue, removeOldDeliveries } from '@waybill/shared/webhooks/deliveries.ts'
import { reencryptSecrets } from '@waybill/shared/webhooks/reencrypt.ts'
import { createSecretBox } from '@waybill/shared/webhooks/secret-box.ts'
import type { ReconcilerDeps } from '../context.ts'

/** Handled in one step of a round at most; the rest has its turn in the next. */
const BATCH = 500

export async function addLostDeliveries({ db, deliveries }: ReconcilerDeps, stopping: AbortSignal): Promise<void> {
  for (const due of await listDue(db, BATCH)) {
    if (stopping.aborted) return
    await deliveries.add(due) // does nothing when the job is there
  }
}

export async function forgetOldDeliveries({ config, db }: ReconcilerDeps): Promise<void> {
  await removeOldDeliveries(db, config.WEBHOOK_LOG_TTL, BATCH)
}

/** After a new key was put in front of the old one: when it has nothing left to do, the old one may go. */
export async function reencryptWebhookSecrets({ config, db, log }: ReconcilerDeps): Promise<void> {
  const { changed, unreadable } = await reencryptSecrets(db, createSecretBox(config.WEBHOOK_SECRET_KEYS), BATCH)
  if (changed > 0) log.info({ changed }, 'webhook secrets were sealed with the newest key')
  if (unreadable > 0)
    log.error({ unreadable }, 'webhook secrets are sealed with a key that is not in WEBHOOK_SECRET_KEYS')
}
