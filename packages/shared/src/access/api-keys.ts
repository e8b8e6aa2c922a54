// Creates, hashes and finds API keys. The key itself is shown once and never stored.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { singleFlight } from '../async/single-flight.ts'
import { type Actor, recordEvent } from '../audit/record.ts'
import type { Database } from '../database/client.ts'
import type { ApiKey, Role } from '../generated/prisma/client.ts'
import { WaybillError } from '../vocabulary/errors.ts'

export type ApiKeyRow = ApiKey
export type { Role }

/** An authenticated caller with its permissions. */
export interface Caller extends Actor {
  readonly role: Role
  /** Datasets that the caller may export; empty: all. */
  readonly datasets: readonly string[]
}

export interface NewApiKey {
  readonly name: string
  readonly role: Role
  readonly datasets: readonly string[]
  readonly expiresAt: Date | undefined
}

/** The row and the key in plain text, which cannot be shown again. */
export interface ShownApiKey {
  readonly row: ApiKeyRow
  readonly secret: string
}

const PREFIX = 'wb_'
const VISIBLE_CHARACTERS = PREFIX.length + 8

/** `lastUsedAt` is updated at most this often, so that not every request becomes a write. */
const LAST_USED_INTERVAL_MS = 60_000

/**
 * @param by a caller, or the name of the settings or of the command line
 * @throws WaybillError VALIDATION_FAILED for an admin key with datasets
 */
export async function createApiKey(db: Database, key: NewApiKey, by: Actor | string): Promise<ShownApiKey> {
  requireSoundRights(key)
  const secret = generateKey()
  const { name, role, datasets, expiresAt = null } = key
  const row = await db.$transaction(async (tx) => {
    const createdBy = typeof by === 'string' ? by : by.name
    const data = { name, role, datasets: [...datasets], expiresAt, createdBy, ...stored(secret) }
    const created = await tx.apiKey.create({ data })
    await recordEvent(tx, { type: 'api-key.created', actor: by, data: describeKey(created) })
    return created
  })
  return { row, secret }
}

/**
 * The caller that owns this key, if the key is valid now. The lookup uses the hash, so its duration reveals nothing
 * about the key. The hash is compared in constant time in addition.
 */
export async function findCaller(db: Database, secret: string): Promise<Caller | undefined> {
  const hash = hashKey(secret)
  const row = await db.apiKey.findFirst({ where: { OR: [{ hash }, { previousHash: hash }] } })
  const now = new Date()
  if (row === null || !isValid(row, now)) return undefined
  const overlaps = row.previousExpiresAt !== null && row.previousExpiresAt > now
  if (!equal(row.hash, hash) && !(overlaps && equal(row.previousHash ?? '', hash))) return undefined
  await recordUse(db, row, now)
  return { id: `key:${row.id}`, name: row.prefix, role: row.role, datasets: row.datasets }
}

/** The hashes in memory are at most this old. */
const VALID_KEYS_TTL_MS = 1_000

/**
 * Finds out whether a key is probably valid, without a query for each key: all checks share one query per second. {@link
 * findCaller} decides whether the key is valid now.
 */
export function createKeyCheck(db: Database): (secret: string) => Promise<boolean> {
  const readHashes = singleFlight(VALID_KEYS_TTL_MS, async () => {
    const now = new Date()
    const rows = await db.apiKey.findMany({
      where: { revokedAt: null, OR: [{ expiresAt: null }, { expiresAt: { gt: now } }] },
      select: { hash: true, previousHash: true },
    })
    return new Set(rows.flatMap(({ hash, previousHash }) => (previousHash === null ? [hash] : [hash, previousHash])))
  })
  return async (secret) => (await readHashes()).has(hashKey(secret))
}

async function recordUse(db: Database, { id, lastUsedAt }: ApiKeyRow, now: Date): Promise<void> {
  const due = new Date(now.getTime() - LAST_USED_INTERVAL_MS)
  if (lastUsedAt !== null && lastUsedAt >= due) return
  // The condition lets one of many concurrent requests write. A failed update must not fail the request.
  const isDue = { id, OR: [{ lastUsedAt: null }, { lastUsedAt: { lt: due } }] }
  await db.apiKey.updateMany({ where: isDue, data: { lastUsedAt: now } }).catch(() => undefined)
}

/** Newest first, including revoked keys. */
export function listApiKeys(db: Database): Promise<ApiKeyRow[]> {
  return db.apiKey.findMany({ orderBy: { id: 'desc' } })
}

/** True if the key is neither revoked nor expired. */
export function isValid(row: Pick<ApiKeyRow, 'revokedAt' | 'expiresAt'>, now: Date): boolean {
  return row.revokedAt === null && (row.expiresAt === null || row.expiresAt > now)
}

/** 256 random bits. */
export function generateKey(): string {
  return `${PREFIX}${randomBytes(32).toString('base64url')}`
}

/** The columns that are stored for a key. */
export function stored(secret: string): { prefix: string; hash: string } {
  return { prefix: secret.slice(0, VISIBLE_CHARACTERS), hash: hashKey(secret) }
}

/**
 * An admin key cannot be restricted to datasets, because an administrator can change keys and so lift the restriction.
 *
 * @throws WaybillError VALIDATION_FAILED
 */
export function requireSoundRights(key: Pick<NewApiKey, 'role' | 'datasets'>): void {
  if (!isRestrictedAdmin(key)) return
  const message = 'must be empty for the role admin: an administrator could lift the restriction'
  throw new WaybillError('VALIDATION_FAILED', undefined, { errors: [{ path: 'datasets', message }] })
}

/** True for an admin key with datasets, which earlier versions allowed. */
export function isRestrictedAdmin({ role, datasets }: Pick<NewApiKey, 'role' | 'datasets'>): boolean {
  return role === 'admin' && datasets.length > 0
}

/** The fields of a key that the audit trail records. */
export function describeKey({ id, name, prefix, role, datasets, expiresAt }: ApiKeyRow) {
  return { keyId: id, name, prefix, role, datasets, expiresAt }
}

export function hashKey(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}

function equal(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))
}
