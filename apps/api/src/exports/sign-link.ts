// Download links: signed on request, recorded in the audit trail, never stored.
import type { Download } from '@waybill/shared/contract/exports.ts'
import type { ExportRow } from '@waybill/shared/ledger/export-row.ts'
import type { LinkEvent } from '@waybill/shared/ledger/links.ts'
import type { Request, Response } from 'express'
import { actorOf } from '../auth/actor.ts'
import type { ServerDeps } from '../deps.ts'
import { spendTrailWrite } from '../http/trail-budget.ts'

/**
 * Returns a function that signs a link and records it: one event per caller, export and period of LINK_TTL, and the number
 * of repeats. A link that cannot be recorded is not given out. A link is valid for LINK_TTL, but not longer than the file
 * exists.
 */
export function createLinkIssuer({ config, ledger, storage }: Pick<ServerDeps, 'config' | 'ledger' | 'storage'>) {
  const sign = async (row: ExportRow): Promise<Download> => {
    if (row.artifactKey === null) throw new Error(`completed export ${row.id} has no artifact`)
    const now = Date.now()
    const timeLeft = row.expiresAt === null ? config.LINK_TTL : row.expiresAt.getTime() - now
    const seconds = Math.max(1, Math.floor(Math.min(config.LINK_TTL, timeLeft) / 1000))
    return {
      url: await storage.signedUrl({ fullKey: row.artifactKey }, seconds),
      expiresAt: new Date(now + seconds * 1000).toISOString(),
    }
  }
  return async (type: LinkEvent, row: ExportRow, request: Request, response: Response): Promise<Download> => {
    const download = await sign(row)
    const link = { type, exportId: row.id, by: actorOf(request, response) }
    if (!(await ledger.countRepeatedLink(link))) {
      await spendTrailWrite(response)
      await ledger.recordLink(link, config.LINK_TTL)
    }
    return download
  }
}
