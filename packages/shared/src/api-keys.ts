// API keys: made, hashed, found and revoked. The key itself is shown once and never stored.
import { createHash, randomBytes } from 'node:crypto'
import type { Database } from './database.ts'
import type { ApiKey, Role } from './generated/prisma/client.ts'
import type { Actor } from './ledger.ts'

export type ApiKeyRow = ApiKey
export type { Role }

/** Who calls and what they may. */
export interface Caller extends Actor {
  readonly role: Role
  /** The datasets they may export; empty: all. */
  readonly datasets: readonly string[]
}

export interface NewApiKey {
  readonly name: string
  readonly role: Role
  readonly datasets: readonly string[]
  readonly expiresAt: Date | undefined
  readonly createdBy: string
}

const PREFIX = 'wb_'
const VISIBLE_CHARACTERS = PREFIX.length + 8

/** A use is written down at most this often (milliseconds): a read must not become a write each time. */
const LAST_USED_PRECISION = 60_000

const BOOTSTRAP = 'bootstrap'

/** @returns the row, and the key in clear: the only time it is seen */
export async function createApiKey(db: Database, key: NewApiKey): Promise<{ row: ApiKeyRow; secret: string }> {
  const secret = `${PREFIX}${randomBytes(32).toString('base64url')}`
  const row = await db.apiKey.create({
    data: {
      name: key.name,
      role: key.role,
      datasets: [...key.datasets],
      expiresAt: key.expiresAt ?? null,
      createdBy: key.createdBy,
      prefix: secret.slice(0, VISIBLE_CHARACTERS),
      hash: hashKey(secret),
    },
  })
  return { row, secret }
}

/**
 * Makes sure that the key of the settings is an admin's. A bootstrap key that is no longer in the settings
 * expires, and comes back with the settings: a rollback must not lock its operator out. One that was revoked by an
 * admin stays so.
 */
export async function ensureBootstrapKey(db: Database, secret: string): Promise<void> {
  const hash = hashKey(secret)
  await db.apiKey.updateMany({
    where: { createdBy: BOOTSTRAP, revokedAt: null, hash: { not: hash } },
    data: { expiresAt: new Date() },
  })
  await db.apiKey.upsert({
    where: { hash },
    update: { expiresAt: null },
    create: { name: BOOTSTRAP, role: 'admin', prefix: BOOTSTRAP, hash, createdBy: BOOTSTRAP },
  })
}

/**
 * The caller whose key this is, if it is valid now. It is looked up by its hash, so the time this takes tells
 * nothing about how much of a guess was right.
 */
export async function findCaller(db: Database, secret: string): Promise<Caller | undefined> {
  const row = await db.apiKey.findUnique({ where: { hash: hashKey(secret) } })
  const now = new Date()
  if (row === null || row.revokedAt !== null || (row.expiresAt !== null && row.expiresAt <= now)) return undefined
  if (row.lastUsedAt === null || now.getTime() - row.lastUsedAt.getTime() > LAST_USED_PRECISION) {
    await db.apiKey.update({ where: { id: row.id }, data: { lastUsedAt: now }, select: { id: true } })
  }
  return { id: `key:${row.id}`, name: row.prefix, role: row.role, datasets: row.datasets }
}

/** Newest first, the revoked ones too. */
export function listApiKeys(db: Database): Promise<ApiKeyRow[]> {
  return db.apiKey.findMany({ orderBy: { id: 'desc' } })
}

/** False: there is no such key, or it was revoked before. */
export async function revokeApiKey(db: Database, id: string): Promise<boolean> {
  const { count } = await db.apiKey.updateMany({ where: { id, revokedAt: null }, data: { revokedAt: new Date() } })
  return count === 1
}

function hashKey(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}
