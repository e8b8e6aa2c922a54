// Download links: signed on request, never stored.

import type { Download } from '@waybill/shared/contract/exports.ts'
import type { ExportRow } from '@waybill/shared/ledger/export-row.ts'
import type { Config } from '@waybill/shared/settings/schema.ts'
import type { Storage } from '@waybill/shared/storage/storage.ts'

/** A link is valid for LINK_TTL, but not longer than the file exists. */
export function createSigner(config: Pick<Config, 'LINK_TTL'>, storage: Pick<Storage, 'signedUrl'>) {
  return async (row: ExportRow): Promise<Download> => {
    if (row.artifactKey === null) throw new Error(`completed export ${row.id} has no artifact`)
    const now = Date.now()
    const timeLeft = row.expiresAt === null ? config.LINK_TTL : row.expiresAt.getTime() - now
    const seconds = Math.max(1, Math.floor(Math.min(config.LINK_TTL, timeLeft) / 1000))
    return {
      url: await storage.signedUrl({ fullKey: row.artifactKey }, seconds),
      expiresAt: new Date(now + seconds * 1000).toISOString(),
    }
  }
}
