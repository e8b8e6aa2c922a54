// The steps of the reconciler for webhooks: adds lost jobs, removes old deliveries, and re-encrypts secrets.

import { listDue, removeOldDeliveries } from '@waybill/shared/webhooks/deliveries.ts'
import { reencryptSecrets } from '@waybill/shared/webhooks/reencrypt.ts'
import { createSecretBox } from '@waybill/shared/webhooks/secret-box.ts'
import type { ReconcilerDeps } from '../context.ts'

/** Rows that one step of a round handles; the next round handles the rest. */
const MAX_ROWS_PER_STEP = 500

export async function addLostDeliveries({ db, deliveries }: ReconcilerDeps, stopping: AbortSignal): Promise<void> {
  for (const due of await listDue(db, MAX_ROWS_PER_STEP)) {
    if (stopping.aborted) return
    await deliveries.add(due) // does nothing when the job is there
  }
}

export async function deleteOldDeliveries({ config, db }: ReconcilerDeps): Promise<void> {
  await removeOldDeliveries(db, config.WEBHOOK_LOG_TTL, MAX_ROWS_PER_STEP)
}

/** After a new key was put before the old one. Once no secret is left to re-encrypt, the old key may be removed. */
export async function reencryptWebhookSecrets({ config, db, log }: ReconcilerDeps): Promise<void> {
  const { changed, unreadable } = await reencryptSecrets(
    db,
    createSecretBox(config.WEBHOOK_SECRET_KEYS),
    MAX_ROWS_PER_STEP,
  )
  if (changed > 0) log.info({ changed }, 'webhook secrets were re-encrypted with the newest key')
  if (unreadable > 0)
    log.error({ unreadable }, 'webhook secrets are encrypted with a key that is not in WEBHOOK_SECRET_KEYS')
}
