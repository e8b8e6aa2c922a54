// Anchors: heads of the trail that are kept in the bucket, outside of the database. A cut end of the trail contradicts them.
import type { Database } from '../database/client.ts'
import type { Storage } from '../storage/storage.ts'
import { formatHead, type Head, parseHead } from './chain.ts'

/** Of the objects of all anchors, below the prefix of the storage. */
export const ANCHORS_PREFIX = 'audit-anchors/'

export interface Anchor {
  readonly head: Head
  /** Key of the object, below the prefix of the storage. */
  readonly key: string
}

/**
 * Writes the head into an object of its own; the key has the time, the number and the hash. Anchors are never overwritten or
 * removed.
 *
 * @returns undefined when the trail is empty
 * @throws WaybillError STORAGE_*; the error of the database; the signal's reason
 */
export async function writeAnchor(db: Database, storage: Storage, signal: AbortSignal): Promise<Anchor | undefined> {
  const row = await db.auditHead.findFirst({ orderBy: { id: 'desc' } })
  if (row === null || row.id === 0n) return undefined
  const at = new Date()
  const head = { id: row.id, hash: Buffer.from(row.hash).toString('hex') }
  const key = anchorKey(at, head)
  await storage.putJson(key, { head: formatHead(head), at: at.toISOString() }, signal)
  return { head, key }
}

/** True if the bucket has an anchor from this time or later. */
export async function hasAnchorSince(storage: Storage, time: Date, signal: AbortSignal): Promise<boolean> {
  const keys = await storage.list(ANCHORS_PREFIX, { after: `${ANCHORS_PREFIX}${compactTime(time)}`, signal })
  return keys.some((key) => headOf(key) !== undefined)
}

/** All anchors, oldest first. @throws WaybillError STORAGE_*; the signal's reason */
export async function readAnchors(storage: Storage, signal: AbortSignal): Promise<Head[]> {
  const keys = await storage.list(ANCHORS_PREFIX, { signal })
  return keys.flatMap((key) => headOf(key) ?? [])
}

/** Keys are in the order of time. */
function anchorKey(at: Date, { id, hash }: Head): string {
  return `${ANCHORS_PREFIX}${compactTime(at)}-${id}-${hash}.json`
}

function headOf(key: string): Head | undefined {
  const [, id, hash] = /^\d{8}T\d{9}Z-(\d+)-([0-9a-f]{64})\.json$/.exec(key.slice(ANCHORS_PREFIX.length)) ?? []
  return id === undefined ? undefined : parseHead(`${id}:${hash}`)
}

/** `20260609T120000123Z` */
function compactTime(time: Date): string {
  return time.toISOString().replaceAll(/[-:.]/g, '')
}
