// The exports themselves: list, look, follow, download, remove.
import { createManifest, exportPrefix } from '@waybill/shared/artifact.ts'
import { WaybillError } from '@waybill/shared/errors.ts'
import { EXPORT_STATUSES, type Warning } from '@waybill/shared/export.ts'
import type { ExportRow } from '@waybill/shared/ledger.ts'
import { findExport, listEvents, listExports } from '@waybill/shared/ledger-queries.ts'
import { isStorableText, NOT_STORABLE } from '@waybill/shared/text.ts'
import type { Request, Response } from 'express'
import { z } from 'zod'
import { actorOf } from '../actor.ts'
import { type Caller, callerOf } from '../auth.ts'
import { type Download, etag, presentEvent, presentExport } from '../present.ts'
import { isKnown, readId, readQuery } from '../request.ts'
import type { Route } from '../router.ts'
import type { ServerDeps } from '../server.ts'

/** Seconds that a poller should wait. */
export const POLL_INTERVAL = 1

const listQuerySchema = z.strictObject({
  scope: z.enum(['mine', 'all']).default('mine'),
  status: z.enum(EXPORT_STATUSES).optional(),
  dataset: z.string().max(100).refine(isStorableText, NOT_STORABLE).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.uuid().optional(),
})

export function exportRoutes({ config, datasets, db, ledger, storage, log }: ServerDeps): Route[] {
  const find = async (request: Request, response: Response): Promise<ExportRow> => {
    const caller = callerOf(response)
    const row = await findExport(db, readId(request), caller.role === 'admin' ? undefined : caller.id)
    if (row === undefined) throw new WaybillError('NOT_FOUND')
    return row
  }

  const sign = async (row: ExportRow): Promise<Download> => {
    if (row.artifactKey === null) throw new Error(`completed export ${row.id} has no artifact`)
    const now = Date.now()
    const timeLeft = row.expiresAt === null ? config.LINK_TTL : row.expiresAt.getTime() - now
    const seconds = Math.max(1, Math.floor(Math.min(config.LINK_TTL, timeLeft) / 1000))
    return {
      url: await storage.signedUrl(row.artifactKey, seconds),
      expiresAt: new Date(now + seconds * 1000).toISOString(),
    }
  }

  return [
    {
      method: 'get',
      path: '/v1/exports',
      access: 'caller',
      async handle(request, response) {
        const { scope, status, dataset, limit, cursor } = readQuery(request, listQuerySchema)
        const requesterId = scopeOf(callerOf(response), scope)
        const rows = await listExports(db, { requesterId, status, dataset }, { limit, before: cursor })
        const items = rows.slice(0, limit)
        response.json({
          items: items.map(presentExport),
          nextCursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null,
        })
      },
    },
    {
      method: 'get',
      path: '/v1/exports/:id',
      access: 'caller',
      async handle(request, response) {
        const row = await find(request, response)
        const presented = presentExport(row)
        if (row.status === 'queued' || row.status === 'running') response.set('Retry-After', String(POLL_INTERVAL))
        const tag = etag(presented, Math.floor(Date.now() / (config.LINK_TTL / 2)))
        response.set('ETag', tag)
        response.set('Cache-Control', 'private, no-cache')
        if (isKnown(request, tag)) return void response.status(304).end()
        response.json(row.status === 'completed' ? { ...presented, download: await sign(row) } : presented)
      },
    },
    {
      method: 'delete',
      path: '/v1/exports/:id',
      access: 'caller',
      async handle(request, response) {
        const row = await find(request, response)
        if (row.status === 'queued' || row.status === 'running') throw new WaybillError('EXPORT_STILL_ACTIVE')
        if (await ledger.expire(row.id, actorOf(request, response))) {
          try {
            await storage.removeAll(exportPrefix(config.S3_PREFIX, row.id))
            await ledger.forgetArtifact(row.id)
          } catch (error) {
            // No link is given out any more; the reconciler removes the file when the storage is back.
            log.warn({ exportId: row.id, error }, 'the file could not be removed yet')
          }
        }
        response.status(204).end()
      },
    },
    {
      method: 'post',
      path: '/v1/exports/:id/cancel',
      access: 'caller',
      async handle(request, response) {
        const row = await find(request, response)
        if (!(await ledger.cancel(row.id, actorOf(request, response)))) throw new WaybillError('EXPORT_ENDED')
        response.status(202).json(presentExport(await find(request, response)))
      },
    },
    {
      method: 'get',
      path: '/v1/exports/:id/download',
      access: 'caller',
      async handle(request, response) {
        const row = await find(request, response)
        requireFile(row)
        const { url } = await sign(row)
        await ledger.recordDownload(row.id, actorOf(request, response))
        response.redirect(303, url)
      },
    },
    {
      method: 'get',
      path: '/v1/exports/:id/manifest',
      access: 'caller',
      async handle(request, response) {
        const row = await find(request, response)
        const { rowCount, sha256, snapshotAt } = row
        if (rowCount === null || sha256 === null || snapshotAt === null) throw notReady(row)
        const columns = row.columns.map((name) => ({
          name,
          kind: datasets.get(row.dataset)?.columns[name]?.kind ?? ('text' as const),
        }))
        response.json(
          createManifest(row, columns, {
            rowCount: Number(rowCount),
            truncated: row.truncated,
            warnings: row.warnings as unknown as Warning[],
            bytes: Number(row.bytes),
            sha256,
            snapshotAt,
          }),
        )
      },
    },
    {
      method: 'get',
      path: '/v1/exports/:id/events',
      access: 'caller',
      async handle(request, response) {
        const row = await find(request, response)
        response.json({ items: (await listEvents(db, row.id)).map(presentEvent) })
      },
    },
  ]
}

/** The requester to look for; undefined: all. @throws WaybillError FORBIDDEN for an exporter who asks for all */
export function scopeOf(caller: Caller, scope: 'mine' | 'all'): string | undefined {
  if (scope === 'mine') return caller.id
  if (caller.role !== 'admin') throw new WaybillError('FORBIDDEN', 'Only an administrator sees the exports of all.')
  return undefined
}

function requireFile(row: ExportRow): void {
  if (row.status === 'expired') throw new WaybillError('EXPORT_EXPIRED')
  if (row.status !== 'completed') throw notReady(row)
}

function notReady(row: ExportRow): WaybillError {
  const ended = row.status === 'failed' || row.status === 'canceled'
  return new WaybillError(ended ? 'EXPORT_WITHOUT_FILE' : 'EXPORT_NOT_READY', `The export is ${row.status}.`)
}
