// Secrets and signatures as https://www.standardwebhooks.com has them.
import { createHmac, randomBytes } from 'node:crypto'

const PREFIX = 'whsec_'

/** The specification asks for 24 to 64 bytes. */
const SECRET_BYTES = 32

export interface SignedMessage {
  /** The same for every try. */
  readonly id: string
  /** Seconds since 1970 of this try: receivers refuse what is older than a few minutes. */
  readonly timestamp: number
  readonly body: string
}

/** A new secret, as receivers put it into their settings. */
export function createWebhookSecret(): string {
  return `${PREFIX}${randomBytes(SECRET_BYTES).toString('base64')}`
}

/** @param secrets each signs: while a secret is being changed, receivers with the old and with the new one agree */
export function webhookHeaders(message: SignedMessage, secrets: readonly string[]): Record<string, string> {
  const { id, timestamp, body } = message
  const sign = (secret: string) =>
    createHmac('sha256', Buffer.from(secret.slice(PREFIX.length), 'base64')).update(`${id}.${timestamp}.${body}`)
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': secrets.map((secret) => `v1,${sign(secret).digest('base64')}`).join(' '),
  }
}
