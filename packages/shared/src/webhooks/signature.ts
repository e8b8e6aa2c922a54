// Signs webhooks as specified by https://www.standardwebhooks.com.
import { randomBytes } from 'node:crypto'
import { Webhook } from 'standardwebhooks'

/** The specification requires 24 to 64 bytes. */
const SECRET_BYTES = 32

export interface SignedMessage {
  /** The same for every attempt. */
  readonly id: string
  /** Time of this attempt. Receivers reject messages that are older than a few minutes. */
  readonly sentAt: Date
  readonly body: string
}

/** A new secret in the format that receivers configure. */
export function createWebhookSecret(): string {
  return `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`
}

/** @param secrets each adds a signature, so that receivers with the old or the new secret accept the message */
export function webhookHeaders({ id, sentAt, body }: SignedMessage, secrets: readonly string[]) {
  return {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(sentAt.getTime() / 1000)),
    'webhook-signature': secrets.map((secret) => new Webhook(secret).sign(id, sentAt, body)).join(' '),
  }
}
