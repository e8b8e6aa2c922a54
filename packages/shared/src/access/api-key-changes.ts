// Changes, rotates and revokes API keys, one change at a time.
import { type Actor, recordEvent } from '../audit/record.ts'
import type { Database } from '../database/client.ts'
import { WaybillError } from '../vocabulary/errors.ts'
import type { EventType } from '../vocabulary/event-types.ts'
import {
  type ApiKeyRow,
  describeKey,
  generateKey,
  isRestrictedAdmin,
  isValid,
  type Role,
  requireSoundRights,
  type ShownApiKey,
  stored,
} from './api-keys.ts'

/** Who changes a key, and under which condition. */
export interface KeyChange {
  readonly by: Actor | string
  /** Refuses a change that leaves no admin key. Needed where API keys are the only way to be an admin. */
  readonly keepAnAdmin: boolean
}

/** Omitted fields stay unchanged. */
export interface ApiKeyPatch {
  readonly name?: string | undefined
  readonly role?: Role | undefined
  readonly datasets?: readonly string[] | undefined
  /** Null: the key never expires. */
  readonly expiresAt?: Date | null | undefined
}

/**
 * Prefix of the key from the settings; no generated key starts with it. Such a key can only be changed in the
 * settings, because they restore it at the next start.
 */
export const BOOTSTRAP = 'bootstrap'

type Transaction = Pick<Database, 'apiKey' | '$executeRaw' | '$queryRaw'>

/**
 * Takes effect immediately, also for exports that are queued or running.
 *
 * @throws WaybillError NOT_FOUND, API_KEY_ENDED, API_KEY_OF_SETTINGS, LAST_ADMIN_KEY; VALIDATION_FAILED when the result
 *   would be an admin key with datasets
 */
export function changeApiKey(db: Database, id: string, patch: ApiKeyPatch, change: KeyChange): Promise<ApiKeyRow> {
  return changeLocked(db, id, 'api-key.changed', change, async (tx, row) => {
    requireChangeable(row)
    const { name, role, datasets, expiresAt } = patch
    requireSoundRights({ role: role ?? row.role, datasets: datasets ?? row.datasets })
    const data = {
      ...(name === undefined ? {} : { name }),
      ...(role === undefined ? {} : { role }),
      ...(datasets === undefined ? {} : { datasets: [...datasets] }),
      ...(expiresAt === undefined ? {} : { expiresAt }),
    }
    return tx.apiKey.update({ where: { id }, data })
  })
}

/**
 * Gives the same caller a new key. The previous key stays valid for `overlap` milliseconds. A key from an earlier
 * rotation becomes invalid immediately.
 *
 * @throws as {@link changeApiKey}
 */
export async function rotateApiKey(db: Database, id: string, overlap: number, change: KeyChange): Promise<ShownApiKey> {
  const secret = generateKey()
  const row = await changeLocked(db, id, 'api-key.rotated', change, async (tx, before) => {
    requireChangeable(before)
    const now = new Date()
    if (!isValid(before, now)) throw new WaybillError('API_KEY_ENDED', 'The key has expired.')
    const previous =
      overlap > 0
        ? { previousHash: before.hash, previousExpiresAt: new Date(now.getTime() + overlap) }
        : { previousHash: null, previousExpiresAt: null }
    return tx.apiKey.update({ where: { id }, data: { ...stored(secret), ...previous, rotatedAt: now } })
  })
  return { row, secret }
}

/** Takes effect immediately and is permanent. @throws WaybillError NOT_FOUND, also if already revoked; LAST_ADMIN_KEY */
export function revokeApiKey(db: Database, id: string, change: KeyChange): Promise<ApiKeyRow> {
  return changeLocked(db, id, 'api-key.revoked', change, async (tx, row) => {
    if (row.revokedAt !== null) throw new WaybillError('NOT_FOUND')
    return tx.apiKey.update({ where: { id }, data: { revokedAt: new Date() } })
  })
}

/** Locks all keys until the transaction ends, so that two admins cannot revoke each other's key at the same time. */
export async function lockApiKeys(tx: Pick<Database, '$queryRaw'>): Promise<void> {
  await tx.$queryRaw`SELECT pg_advisory_xact_lock(hashtextextended('waybill.api_keys', 0))::text`
}

async function changeLocked(
  db: Database,
  id: string,
  type: EventType,
  { by, keepAnAdmin }: KeyChange,
  work: (tx: Transaction, row: ApiKeyRow) => Promise<ApiKeyRow>,
): Promise<ApiKeyRow> {
  return db.$transaction(async (tx) => {
    await lockApiKeys(tx)
    const before = await tx.apiKey.findUnique({ where: { id } })
    if (before === null) throw new WaybillError('NOT_FOUND')
    const row = await work(tx, before)
    if (keepAnAdmin && isAdmin(before) && !isAdmin(row)) await requireAnAdmin(tx)
    await recordEvent(tx, { type, actor: by, data: describeKey(row) })
    return row
  })
}

function requireChangeable(row: ApiKeyRow): void {
  if (row.revokedAt !== null) throw new WaybillError('API_KEY_ENDED', 'The key was revoked.')
  if (row.prefix === BOOTSTRAP) throw new WaybillError('API_KEY_OF_SETTINGS')
}

/** A key that may manage keys. */
function isAdmin(row: ApiKeyRow): boolean {
  return row.role === 'admin' && !isRestrictedAdmin(row) && isValid(row, new Date())
}

async function requireAnAdmin(tx: Transaction): Promise<void> {
  const admins = await tx.apiKey.findMany({ where: { role: 'admin', revokedAt: null } })
  if (!admins.some(isAdmin)) throw new WaybillError('LAST_ADMIN_KEY')
}
