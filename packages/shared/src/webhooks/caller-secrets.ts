// The secret of each caller, which signs deliveries to the webhookUrl of the caller's exports.
import { type Actor, recordEvent } from '../audit/record.ts'
import type { Database } from '../database/client.ts'
import type { WebhookSecret } from '../generated/prisma/client.ts'
import type { SecretBox } from './secret-box.ts'
import { callerOwner, newSecret, replaceSecret } from './secrets.ts'

export interface CallerSecret {
  readonly row: WebhookSecret
  readonly secret: string
}

/** The caller's secret, which is created on first use. @throws WaybillError WEBHOOKS_NOT_CONFIGURED */
export async function callerSecret(db: Database, box: SecretBox, requesterId: string): Promise<CallerSecret> {
  const find = () => db.webhookSecret.findUnique({ where: { requesterId } })
  const { sealed } = newSecret(box, callerOwner(requesterId))
  let row = await find()
  if (row === null) {
    await db.webhookSecret.createMany({ data: [{ requesterId, secret: sealed }], skipDuplicates: true })
    row = await db.webhookSecret.findUniqueOrThrow({ where: { requesterId } })
  }
  return { row, secret: box.open(row.secret, callerOwner(requesterId)) }
}

/** Returns the secret to its owner and records that. @throws WaybillError WEBHOOKS_NOT_CONFIGURED */
export async function showCallerSecret(db: Database, box: SecretBox, actor: Actor): Promise<CallerSecret> {
  const shown = await callerSecret(db, box, actor.id)
  await recordEvent(db, { type: 'webhook-secret.shown', actor })
  return shown
}

/** The previous secret also signs for one more day. @throws WaybillError WEBHOOKS_NOT_CONFIGURED */
export async function rotateCallerSecret(db: Database, box: SecretBox, actor: Actor): Promise<CallerSecret> {
  const { secret, sealed } = newSecret(box, callerOwner(actor.id))
  const row = await db.$transaction(async (tx) => {
    await tx.$executeRaw`
      INSERT INTO waybill.webhook_secrets AS current (requester_id, secret) VALUES (${actor.id}, ${sealed})
      ON CONFLICT (requester_id) DO UPDATE SET rotated_at = now(), ${replaceSecret(sealed)}`
    const rotated = await tx.webhookSecret.findUniqueOrThrow({ where: { requesterId: actor.id } })
    await recordEvent(tx, { type: 'webhook-secret.rotated', actor })
    return rotated
  })
  return { row, secret }
}
