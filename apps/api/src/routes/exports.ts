// The exports themselves: list, look, follow, cancel, remove.
import { exportPrefix } from '@waybill/shared/artifact.ts'
import { exportEventListSchema } from '@waybill/shared/contract/events.ts'
import { exportListQuerySchema, exportListSchema, exportSchema } from '@waybill/shared/contract/exports.ts'
import { pathIdSchema } from '@waybill/shared/contract/fields.ts'
import { ifNoneMatchSchema } from '@waybill/shared/contract/headers.ts'
import { WaybillError } from '@waybill/shared/errors.ts'
import { listEvents, listExports } from '@waybill/shared/ledger-queries.ts'
import { actorOf } from '../actor.ts'
import { callerOf } from '../auth.ts'
import { etag, presentEvent, presentExport } from '../present.ts'
import { isKnown } from '../request.ts'
import { defineRoute, type Route } from '../route.ts'
import type { ServerDeps } from '../server.ts'
import { createSigner } from '../sign-link.ts'
import { findVisible, scopeOf } from '../visible-exports.ts'

/** Seconds that a poller should wait. */
export const POLL_INTERVAL = 1

export function exportRoutes({ config, db, ledger, storage, log }: ServerDeps): Route[] {
  const sign = createSigner(config, storage)
  return [
    defineRoute({
      method: 'get',
      path: '/v1/exports',
      access: 'caller',
      operationId: 'listExports',
      tag: 'Exports',
      summary: 'List exports, newest first',
      query: exportListQuerySchema,
      answers: { 200: { description: 'A page of them.', body: exportListSchema } },
      problems: [],
      async handle(_request, response, { query: { scope, status, dataset, limit, cursor } }) {
        const requesterId = scopeOf(callerOf(response), scope)
        const rows = await listExports(db, { requesterId, status, dataset }, { limit, before: cursor })
        const items = rows.slice(0, limit)
        response.json({
          items: items.map(presentExport),
          nextCursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null,
        })
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/exports/:id',
      access: 'caller',
      operationId: 'getExport',
      tag: 'Exports',
      summary: 'Look at an export: how far it is, and where its file is',
      params: { id: pathIdSchema },
      headers: { 'If-None-Match': ifNoneMatchSchema.optional() },
      answers: {
        200: {
          description: 'The export; with a link signed now while it is completed.',
          body: exportSchema,
          headers: { ETag: 'always', 'Cache-Control': 'always', 'Retry-After': 'sometimes' },
        },
        304: {
          description: 'Nothing has changed, and the link you hold has at least half of its time left.',
          headers: { ETag: 'always', 'Cache-Control': 'always', 'Retry-After': 'sometimes' },
        },
      },
      problems: [],
      async handle(_request, response, { params: { id }, headers }) {
        const row = await findVisible(db, id, callerOf(response))
        const presented = presentExport(row)
        if (row.status === 'queued' || row.status === 'running') response.set('Retry-After', String(POLL_INTERVAL))
        const tag = etag(presented, Math.floor(Date.now() / (config.LINK_TTL / 2)))
        response.set('ETag', tag)
        response.set('Cache-Control', 'private, no-cache')
        if (isKnown(headers['If-None-Match'], tag)) return void response.status(304).end()
        response.json(row.status === 'completed' ? { ...presented, download: await sign(row) } : presented)
      },
    }),
    defineRoute({
      method: 'delete',
      path: '/v1/exports/:id',
      access: 'caller',
      operationId: 'deleteExport',
      tag: 'Exports',
      summary: 'Remove the file of an export now; its row stays, as expired',
      params: { id: pathIdSchema },
      answers: { 204: { description: 'There is no file any more.' } },
      problems: ['EXPORT_STILL_ACTIVE'],
      async handle(request, response, { params: { id } }) {
        const row = await findVisible(db, id, callerOf(response))
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
    }),
    defineRoute({
      method: 'post',
      path: '/v1/exports/:id/cancel',
      access: 'caller',
      operationId: 'cancelExport',
      tag: 'Exports',
      summary: 'Stop the work on an export',
      params: { id: pathIdSchema },
      answers: {
        202: { description: 'It is canceled; a worker that runs it stops within seconds.', body: exportSchema },
      },
      problems: ['EXPORT_ENDED'],
      async handle(request, response, { params: { id } }) {
        const row = await findVisible(db, id, callerOf(response))
        if (!(await ledger.cancel(row.id, actorOf(request, response)))) throw new WaybillError('EXPORT_ENDED')
        response.status(202).json(presentExport(await findVisible(db, id, callerOf(response))))
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/exports/:id/events',
      access: 'caller',
      operationId: 'listExportEvents',
      tag: 'Exports',
      summary: 'Tell what happened to an export, oldest first',
      params: { id: pathIdSchema },
      answers: { 200: { description: 'Its trail.', body: exportEventListSchema } },
      problems: [],
      async handle(_request, response, { params: { id } }) {
        const row = await findVisible(db, id, callerOf(response))
        response.json({ items: (await listEvents(db, row.id)).map(presentEvent) })
      },
    }),
  ]
}
