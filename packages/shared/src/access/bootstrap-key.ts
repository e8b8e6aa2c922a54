// Keeps the admin key in the database equal to BOOTSTRAP_API_KEY.
import { recordEvent } from '../audit/record.ts'
import type { Database } from '../database/client.ts'
import { BOOTSTRAP, lockApiKeys } from './api-key-changes.ts'
import { describeKey, hashKey } from './api-keys.ts'

/**
 * Ensures that the key from the settings exists as an admin key. A bootstrap key that is no longer in the settings
 * expires. If the settings name it again, it becomes valid again, so that a rollback does not lock the operator out.
 * A key that an admin has revoked stays revoked.
 *
 * @param secret undefined: the settings name no key, so that every bootstrap key expires
 */
export async function ensureBootstrapKey(db: Database, secret: string | undefined): Promise<void> {
  const hash = secret === undefined ? undefined : hashKey(secret)
  await db.$transaction(async (tx) => {
    await lockApiKeys(tx)
    const expired = await tx.apiKey.updateManyAndReturn({
      where: {
        ...{ prefix: BOOTSTRAP, revokedAt: null, expiresAt: null },
        ...(hash === undefined ? {} : { hash: { not: hash } }),
      },
      data: { expiresAt: new Date() },
    })
    const { restored, created } = hash === undefined ? NO_KEYS : await ensureKey(tx, hash)
    for (const row of [...expired, ...restored]) {
      await recordEvent(tx, { type: 'api-key.changed', actor: BOOTSTRAP, data: describeKey(row) })
    }
    for (const row of created) {
      await recordEvent(tx, { type: 'api-key.created', actor: BOOTSTRAP, data: describeKey(row) })
    }
  })
}

const NO_KEYS = { restored: [], created: [] }

async function ensureKey(tx: Pick<Database, 'apiKey'>, hash: string) {
  const restored = await tx.apiKey.updateManyAndReturn({
    where: { prefix: BOOTSTRAP, hash, expiresAt: { not: null } },
    data: { expiresAt: null },
  })
  const exists = (await tx.apiKey.findUnique({ where: { hash }, select: { id: true } })) !== null
  const data = { name: BOOTSTRAP, role: 'admin', prefix: BOOTSTRAP, hash, createdBy: BOOTSTRAP } as const
  return { restored, created: exists ? [] : [await tx.apiKey.create({ data })] }
}
