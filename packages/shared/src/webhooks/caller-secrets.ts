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

/**
 * The caller's secret. It is created on first use, and only that is recorded: an event for each look would let one caller
 * fill the trail.
 *
 * @throws WaybillError WEBHOOKS_NOT_CONFIGURED
 */
export async function callerSecret(db: Database, box: SecretBox, actor: Actor): Promise<CallerSecret> {
  const requesterId = actor.id
  const { sealed } = newSecret(box, callerOwner(requesterId))
  const row =
    (await db.webhookSecret.findUnique({ where: { requesterId } })) ?? (await createCallerSecret(db, sealed, actor))
  return { row, secret: box.open(row.secret, callerOwner(requesterId)) }
}

function createCallerSecret(db: Database, sealed: string, actor: Actor): Promise<WebhookSecret> {
  const requesterId = actor.id
  return db.$transaction(async (tx) => {
    const created = await tx.webhookSecret.createMany({ data: [{ requesterId, secret: sealed }], skipDuplicates: true })
    const row = await tx.webhookSecret.findUniqueOrThrow({ where: { requesterId } })
    if (created.count > 0) await recordEvent(tx, { type: 'webhook-secret.created', actor })
    return row
  })
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
