// Creates the admin key that BOOTSTRAP_API_KEY defines.
import { recordEvent } from '../audit/record.ts'
import type { Database } from '../database/client.ts'
import { BOOTSTRAP, lockApiKeys } from './api-key-changes.ts'
import { describeKey, hashKey } from './api-keys.ts'

/**
 * Ensures that the key from the settings exists as an admin key. A bootstrap key that is no longer in the settings
 * expires. If the settings name it again, it becomes valid again, so that a rollback does not lock the operator out.
 * A key that an admin has revoked stays revoked.
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
    const restored = await tx.apiKey.updateManyAndReturn({
      where: { prefix: BOOTSTRAP, hash, expiresAt: { not: null } },
      data: { expiresAt: null },
    })
    const exists = (await tx.apiKey.findUnique({ where: { hash }, select: { id: true } })) !== null
    const data = { name: BOOTSTRAP, role: 'admin', prefix: BOOTSTRAP, hash, createdBy: BOOTSTRAP } as const
    const created = exists ? [] : [await tx.apiKey.create({ data })]
    for (const row of [...changed, ...restored]) {
      await recordEvent(tx, { type: 'api-key.changed', actor: BOOTSTRAP, data: describeKey(row) })
    }
    for (const row of created) {
      await recordEvent(tx, { type: 'api-key.created', actor: BOOTSTRAP, data: describeKey(row) })
    }
  })
}
