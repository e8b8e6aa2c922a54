// The key of the settings, an admin's, there from the first start on.

import { recordEvent } from '../audit/record.ts'
import type { Database } from '../database/client.ts'
import { BOOTSTRAP, lockApiKeys } from './api-key-changes.ts'
import { describeKey, hashKey } from './api-keys.ts'

/**
 * Makes sure that the key of the settings is an admin's. A bootstrap key that is no longer in the settings
 * expires, and comes back with the settings: a rollback must not lock its operator out. One that was revoked by an
 * admin stays so.
 */
export async function ensureBootstrapKey(db: Database, secret: string): Promise<void> {
  const hash = hashKey(secret)
  await db.$transaction(async (tx) => {
    await lockApiKeys(tx)
    const now = new Date()
    const changed = await tx.apiKey.updateManyAndReturn({
      where: { prefix: BOOTSTRAP, revokedAt: null, hash: { not: hash }, expiresAt: null },
      data: { expiresAt: now },
    })
    const back = await tx.apiKey.updateManyAndReturn({
      where: { prefix: BOOTSTRAP, hash, expiresAt: { not: null } },
      data: { expiresAt: null },
    })
    const isThere = (await tx.apiKey.findUnique({ where: { hash }, select: { id: true } })) !== null
    const data = { name: BOOTSTRAP, role: 'admin', prefix: BOOTSTRAP, hash, createdBy: BOOTSTRAP } as const
    const created = isThere ? [] : [await tx.apiKey.create({ data })]
    for (const row of [...changed, ...back]) {
      await recordEvent(tx, { type: 'api-key.changed', actor: BOOTSTRAP, data: describeKey(row) })
    }
    for (const row of created) {
      await recordEvent(tx, { type: 'api-key.created', actor: BOOTSTRAP, data: describeKey(row) })
    }
  })
}
