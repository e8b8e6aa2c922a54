// Seals webhook secrets with the newest key, so that an old key can be taken out of the settings.
import type { Database } from '../database/client.ts'
import { callerOwner } from './caller-secrets.ts'
import { endpointOwner } from './endpoints.ts'
import type { SecretBox } from './secret-box.ts'

interface Sealed {
  readonly id: string
  readonly secret: string
  readonly previous: string | null
}

export interface ReencryptResult {
  readonly changed: number
  /** Sealed with a key that is not in the settings any more: only a rotation of the secret helps. */
  readonly unreadable: number
}

/** @param limit rows of each kind at most */
export async function reencryptSecrets(db: Database, box: SecretBox, limit: number): Promise<ReencryptResult> {
  if (box.mark === undefined) return { changed: 0, unreadable: 0 }
  const others = `${box.mark}%`
  const endpoints = await db.$queryRaw<Sealed[]>`
    SELECT id, secret, previous_secret AS previous FROM waybill.webhook_endpoints
    WHERE secret NOT LIKE ${others} OR previous_secret NOT LIKE ${others} LIMIT ${limit}`
  const callers = await db.$queryRaw<Sealed[]>`
    SELECT requester_id AS id, secret, previous_secret AS previous FROM waybill.webhook_secrets
    WHERE secret NOT LIKE ${others} OR previous_secret NOT LIKE ${others} LIMIT ${limit}`
  let changed = 0
  let unreadable = 0
  // What was rotated meanwhile is left as it is: the condition names the old text.
  for (const row of endpoints) {
    const anew = reencrypt(box, row, endpointOwner(row.id))
    if (anew === undefined) unreadable += 1
    else {
      changed += await db.$executeRaw`
        UPDATE waybill.webhook_endpoints SET secret = ${anew.secret}, previous_secret = ${anew.previous}
        WHERE id = ${row.id}::uuid AND secret = ${row.secret}`
    }
  }
  for (const row of callers) {
    const anew = reencrypt(box, row, callerOwner(row.id))
    if (anew === undefined) unreadable += 1
    else {
      changed += await db.$executeRaw`
        UPDATE waybill.webhook_secrets SET secret = ${anew.secret}, previous_secret = ${anew.previous}
        WHERE requester_id = ${row.id} AND secret = ${row.secret}`
    }
  }
  return { changed, unreadable }
}

function reencrypt(box: SecretBox, { secret, previous }: Sealed, owner: string) {
  const again = (sealed: string) => box.seal(box.open(sealed, owner), owner)
  try {
    return { secret: again(secret), previous: previous === null ? null : again(previous) }
  } catch {
    return undefined
  }
}
