// Exports: list, get, delete and cancel them, and list their events.

import { datasetOf, mayExport } from '@waybill/shared/access/rights.ts'
import { listEvents } from '@waybill/shared/audit/queries.ts'
import { exportEventListQuerySchema, exportEventListSchema } from '@waybill/shared/contract/events.ts'
import {
  CANCELED_EXPORT,
  exportListQuerySchema,
  exportListSchema,
  exportSchema,
} from '@waybill/shared/contract/exports.ts'
import { pathIdSchema } from '@waybill/shared/contract/fields.ts'
import { ifNoneMatchSchema } from '@waybill/shared/contract/headers.ts'
import { exportPrefix } from '@waybill/shared/ledger/artifact.ts'
import type { ExportRow } from '@waybill/shared/ledger/export-row.ts'
import { listExports } from '@waybill/shared/ledger/queries.ts'
import { countAhead } from '@waybill/shared/ledger/system-queries.ts'
import { WaybillError } from '@waybill/shared/vocabulary/errors.ts'
import type { Response } from 'express'
import { actorOf } from '../../auth/actor.ts'
import { callerOf } from '../../auth/authenticate.ts'
import type { ServerDeps } from '../../deps.ts'
import { createSharedOutage } from '../../exports/shared-outage.ts'
import { createLinkIssuer } from '../../exports/sign-link.ts'
import { findVisible, scopeOf } from '../../exports/visible.ts'
import { csvHeader, sendCsv, wantsCsv } from '../../http/csv-list.ts'
import { toPage } from '../../http/paging.ts'
import { isKnown } from '../../http/request.ts'
import { defineRoute, type Route } from '../../http/route.ts'
import { etag, presentEvent, presentExport } from '../../present/exports.ts'

/** A poller should wait this long. */
export const POLL_INTERVAL_SECONDS = 1

/** The headers of responses that clients poll. */
const POLLED = { ETag: 'always', 'Cache-Control': 'always', 'Retry-After': 'sometimes' } as const

export function exportRoutes(deps: ServerDeps): Route[] {
  const { config, datasets, db, ledger } = deps
  const issueLink = createLinkIssuer(deps)
  const sharedOutage = createSharedOutage(db)
  return [
    defineRoute({
      method: 'get',
      path: '/v1/exports',
      access: 'caller',
      operationId: 'listExports',
      tag: 'Exports',
      summary: 'List exports, newest first',
      description:
        'Filter by status, dataset, requester (`requestedBy`) and creation time. While an export on the page is queued or running, `Retry-After` gives the seconds until the next poll.',
      query: exportListQuerySchema,
      headers: { 'If-None-Match': ifNoneMatchSchema.optional() },
      responses: {
        200: {
          description: 'One page of exports.',
          body: exportListSchema,
          alternatives: { 'text/csv': csvHeader(exportSchema) },
          headers: { ...POLLED, Link: 'sometimes' },
        },
        304: { description: 'The page has not changed.', headers: POLLED },
      },
      problems: [],
      async handle(request, response, { query: { scope, format, limit, cursor, ...filter }, headers }) {
        const isCsv = wantsCsv(request, response, format)
        const requesterId = scopeOf(callerOf(response), scope)
        const rows = await listExports(db, { requesterId, ...filter }, { limit, before: cursor })
        const shared = await sharedOutage(rows)
        const page = toPage(rows, limit, (row) => presentExport(row, shared))
        const isMoving = page.items.some(isActive)
        if (isKnownToPoller(response, headers['If-None-Match'], etag(isCsv ? { csv: page } : page), isMoving)) return
        if (isCsv) sendCsv(request, response, exportSchema, page)
        else response.json(page)
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/exports/:id',
      access: 'caller',
      operationId: 'getExport',
      tag: 'Exports',
      summary: 'Get an export: its status, its progress and the link to its file',
      description:
        'The first link of a caller in each period of `LINK_TTL` is an event in the audit trail, as for `GET …/download`.',
      params: { id: pathIdSchema },
      headers: { 'If-None-Match': ifNoneMatchSchema.optional() },
      responses: {
        200: {
          description: 'The export. A completed export has a link signed for this response.',
          body: exportSchema,
          headers: POLLED,
        },
        304: {
          description: 'The export has not changed, and the link from before has at least half of its lifetime left.',
          headers: POLLED,
        },
      },
      problems: [],
      async handle(request, response, { params: { id }, headers }) {
        const caller = callerOf(response)
        const row = await findVisible(db, id, caller)
        const queue = row.status === 'queued' ? { lane: row.lane, ahead: await countAhead(db, row) } : undefined
        const presented = {
          ...presentExport(row, await sharedOutage([row])),
          ...(queue === undefined ? {} : { queue }),
        }
        // A caller who has lost the right to the dataset still sees the export, but gets no link to its file.
        const hasLink = row.status === 'completed' && mayExport(caller, datasetOf(datasets, row))
        const tag = etag({ ...presented, hasLink }, Math.floor(Date.now() / (config.LINK_TTL / 2)))
        // Before the headers of the answer are set: when the link is refused, the answer is a problem without an ETag.
        const isLinkSent = hasLink && !isKnown(headers['If-None-Match'], tag)
        const download = isLinkSent ? await issueLink('export.link-issued', row, request, response) : undefined
        if (isKnownToPoller(response, headers['If-None-Match'], tag, isActive(row))) return
        response.json(download === undefined ? presented : { ...presented, download })
      },
    }),
    defineRoute({
      method: 'delete',
      path: '/v1/exports/:id',
      access: 'caller',
      operationId: 'deleteExport',
      tag: 'Exports',
      summary: 'Delete the file of an export now; the export stays, with the status `expired`',
      params: { id: pathIdSchema },
      responses: {
        202: {
          description:
            'The storage could not delete the file yet. No link is signed any more, and the deletion is repeated until it succeeds.',
        },
        204: { description: 'The file is deleted, or there is none.' },
      },
      problems: ['EXPORT_STILL_ACTIVE'],
      async handle(request, response, { params: { id } }) {
        const row = await findVisible(db, id, callerOf(response))
        if (isActive(row)) throw new WaybillError('EXPORT_STILL_ACTIVE')
        await ledger.expire(row.id, actorOf(request, response))
        // Also for an export that has expired before: its file may still be there.
        const isRemoved = row.artifactKey === null || (await removeFile(deps, row.id))
        response.status(isRemoved ? 204 : 202).end()
      },
    }),
    defineRoute({
      method: 'post',
      path: '/v1/exports/:id/cancel',
      access: 'caller',
      operationId: 'cancelExport',
      tag: 'Exports',
      summary: 'Cancel an export',
      params: { id: pathIdSchema },
      responses: {
        202: {
          description: 'The export is canceled. A worker that is running it stops within seconds.',
          body: exportSchema,
          example: CANCELED_EXPORT,
        },
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
      summary: 'List the events of an export, oldest first',
      params: { id: pathIdSchema },
      query: exportEventListQuerySchema,
      responses: { 200: { description: 'One page of events.', body: exportEventListSchema } },
      problems: [],
      async handle(_request, response, { params: { id }, query }) {
        const row = await findVisible(db, id, callerOf(response))
        response.json(toPage(await listEvents(db, row.id, query), query.limit, presentEvent))
      },
    }),
  ]
}

/** The caller waits for the storage at most this long; after it, the reconciler removes the file. */
const REMOVE_TIMEOUT_MS = 10_000

/** False when the storage could not remove the file now. The reconciler repeats it until it succeeds. */
async function removeFile({ ledger, storage, log }: ServerDeps, exportId: string): Promise<boolean> {
  try {
    await storage.removeAll(exportPrefix(exportId), AbortSignal.timeout(REMOVE_TIMEOUT_MS))
    await ledger.forgetArtifact(exportId)
    return true
  } catch (error) {
    log.warn({ exportId, error }, 'the file could not be removed yet')
    return false
  }
}

function isActive({ status }: Pick<ExportRow, 'status'>): boolean {
  return status === 'queued' || status === 'running'
}

/**
 * Sets the headers for polling. Returns true after sending 304, when the client has this version already.
 *
 * @param isMoving whether the export is queued or running, so that the client should poll again
 */
function isKnownToPoller(response: Response, known: string | undefined, tag: string, isMoving: boolean): boolean {
  if (isMoving) response.set('Retry-After', String(POLL_INTERVAL_SECONDS))
  response.set('ETag', tag)
  response.set('Cache-Control', 'private, no-cache')
  if (!isKnown(known, tag)) return false
  response.status(304).end()
  return true
}
