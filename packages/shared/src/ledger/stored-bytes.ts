// How much a caller stores: the bytes of its files that are still in the bucket.
import type { Database } from '../database/client.ts'

export interface StoredBytes {
  readonly bytes: number
  /** The largest files. */
  readonly largest: readonly { readonly id: string; readonly bytes: number }[]
  /** When the next file expires. */
  readonly nextExpiry: Date | undefined
}

const LARGEST = 3

/** Also counts expired files that could not be removed yet. */
export async function readStoredBytes(db: Pick<Database, '$queryRaw'>, requesterId: string): Promise<StoredBytes> {
  const rows = await db.$queryRaw<{ id: string; bytes: bigint; total: bigint; nextExpiry: Date | null }[]>`
    SELECT id, bytes, (sum(bytes) OVER ())::bigint AS total,
      min(expires_at) FILTER (WHERE expires_at > now()) OVER () AS "nextExpiry"
    FROM waybill.exports WHERE requester_id = ${requesterId} AND artifact_key IS NOT NULL
    ORDER BY bytes DESC, id LIMIT ${LARGEST}`
  return {
    bytes: Number(rows[0]?.total ?? 0),
    largest: rows.map(({ id, bytes }) => ({ id, bytes: Number(bytes) })),
    nextExpiry: rows[0]?.nextExpiry ?? undefined,
  }
}
