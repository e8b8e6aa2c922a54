// Encrypts webhook secrets with the newest key, so that an old key can be removed from the settings.
import { type Database, Prisma } from '../database/client.ts'
import type { SecretBox } from './secret-box.ts'
import { callerOwner, endpointOwner } from './secrets.ts'

interface StoredSecrets {
  readonly id: string
  readonly secret: string
  readonly previous: string | null
}

export interface ReencryptResult {
  readonly changed: number
  /** Secrets whose key is no longer in the settings. They must be rotated. */
  readonly unreadable: number
}

const TABLES = [
  { table: Prisma.sql`waybill.webhook_endpoints`, id: Prisma.sql`id::text`, owner: endpointOwner },
  { table: Prisma.sql`waybill.webhook_secrets`, id: Prisma.sql`requester_id`, owner: callerOwner },
]

/** @param limit maximum number of rows per table */
export async function reencryptSecrets(db: Database, box: SecretBox, limit: number): Promise<ReencryptResult> {
  let changed = 0
  let unreadable = 0
  if (box.mark === undefined) return { changed, unreadable }
  const current = `${box.mark}%`
  for (const { table, id, owner } of TABLES) {
    const rows = await db.$queryRaw<StoredSecrets[]>`
      SELECT ${id} AS id, secret, previous_secret AS previous FROM ${table}
      WHERE secret NOT LIKE ${current} OR previous_secret NOT LIKE ${current} LIMIT ${limit}`
    for (const row of rows) {
      const renewed = reencrypt(box, row, owner(row.id))
      if (renewed === undefined) unreadable += 1
      else {
        // The condition on the old text leaves a secret unchanged that was rotated in the meantime.
        changed += await db.$executeRaw`
          UPDATE ${table} SET secret = ${renewed.secret}, previous_secret = ${renewed.previous}
          WHERE ${id} = ${row.id} AND secret = ${row.secret}`
      }
    }
  }
  return { changed, unreadable }
}

function reencrypt(box: SecretBox, { secret, previous }: StoredSecrets, owner: string) {
  const renew = (sealed: string) => box.seal(box.open(sealed, owner), owner)
  try {
    return { secret: renew(secret), previous: previous === null ? null : renew(previous) }
  } catch {
    return undefined
  }
}
