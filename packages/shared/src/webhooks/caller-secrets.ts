// The secret of each caller, which signs what goes to the webhookUrl of their own exports.
import { type Actor, recordEvent } from '../audit/record.ts'
import type { Database } from '../database/client.ts'
import { interval } from '../database/sql.ts'
import type { WebhookSecret } from '../generated/prisma/client.ts'
import type { SecretBox } from './secret-box.ts'
import { createWebhookSecret } from './signature.ts'

export interface CallerSecret {
  readonly row: WebhookSecret
  readonly secret: string
}

/** As with endpoints (milliseconds). */
const OVERLAP = 24 * 3_600_000

/** Whose the secret is, to the box. */
export function callerOwner(requesterId: string): string {
  return `caller:${requesterId}`
}

/** The caller's secret, made when it is needed first. @throws WaybillError WEBHOOKS_NOT_CONFIGURED */
export async function callerSecret(db: Database, box: SecretBox, requesterId: string): Promise<CallerSecret> {
  const find = () => db.webhookSecret.findUnique({ where: { requesterId } })
  const sealed = box.seal(createWebhookSecret(), callerOwner(requesterId))
  let row = await find()
  if (row === null) {
    await db.webhookSecret.createMany({ data: [{ requesterId, secret: sealed }], skipDuplicates: true })
    row = await db.webhookSecret.findUniqueOrThrow({ where: { requesterId } })
  }
  return { row, secret: box.open(row.secret, callerOwner(requesterId)) }
}

/** To its owner's eyes. @throws WaybillError WEBHOOKS_NOT_CONFIGURED */
export async function showCallerSecret(db: Database, box: SecretBox, actor: Actor): Promise<CallerSecret> {
  const shown = await callerSecret(db, box, actor.id)
  await recordEvent(db, { type: 'webhook-secret.shown', actor })
  return shown
}

/** The secret before signs beside the new one for a day. @throws WaybillError WEBHOOKS_NOT_CONFIGURED */
export async function rotateCallerSecret(db: Database, box: SecretBox, actor: Actor): Promise<CallerSecret> {
  const secret = createWebhookSecret()
  const sealed = box.seal(secret, callerOwner(actor.id))
  const row = await db.$transaction(async (tx) => {
    await tx.$executeRaw`
      INSERT INTO waybill.webhook_secrets AS mine (requester_id, secret) VALUES (${actor.id}, ${sealed})
      ON CONFLICT (requester_id) DO UPDATE SET previous_secret = mine.secret, secret = excluded.secret,
        rotated_at = now(), previous_secret_until = now() + ${interval(OVERLAP)}`
    const rotated = await tx.webhookSecret.findUniqueOrThrow({ where: { requesterId: actor.id } })
    await recordEvent(tx, { type: 'webhook-secret.rotated', actor })
    return rotated
  })
  return { row, secret }
}
