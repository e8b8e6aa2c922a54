// Creates and rotates the secrets that sign webhooks, of endpoints and of callers.
import { Prisma } from '../database/client.ts'
import { interval } from '../database/sql.ts'
import type { SecretBox } from './secret-box.ts'
import { createWebhookSecret } from './signature.ts'

/** After a rotation, the previous secret also signs for this time, so that receivers can switch. */
const SECRET_OVERLAP_MS = 24 * 3_600_000

/** Owner name of an endpoint's secret, for the secret box. */
export function endpointOwner(id: string): string {
  return `endpoint:${id}`
}

/** Owner name of a caller's secret, for the secret box. */
export function callerOwner(requesterId: string): string {
  return `caller:${requesterId}`
}

/** A new secret, in plain text and encrypted. @throws WaybillError WEBHOOKS_NOT_CONFIGURED */
export function newSecret(box: SecretBox, owner: string): { secret: string; sealed: string } {
  const secret = createWebhookSecret()
  return { secret, sealed: box.seal(secret, owner) }
}

/** SET clauses that replace the secret of the row `current` and keep the old one for the overlap. */
export function replaceSecret(sealed: string): Prisma.Sql {
  return Prisma.sql`previous_secret = current.secret, secret = ${sealed},
    previous_secret_until = now() + ${interval(SECRET_OVERLAP_MS)}`
}
