// The file of an export: its download link and its manifest.

import { datasetOf, requireExportable } from '@waybill/shared/access/rights.ts'
import { downloadQuerySchema, downloadSchema } from '@waybill/shared/contract/exports.ts'
import { pathIdSchema } from '@waybill/shared/contract/fields.ts'
import { manifestSchema } from '@waybill/shared/contract/manifest.ts'
import { createManifest } from '@waybill/shared/ledger/artifact.ts'
import type { ExportRow } from '@waybill/shared/ledger/export-row.ts'
import { WaybillError } from '@waybill/shared/vocabulary/errors.ts'
import { callerOf } from '../../auth/authenticate.ts'
import type { ServerDeps } from '../../deps.ts'
import { createLinkIssuer } from '../../exports/sign-link.ts'
import { findVisible } from '../../exports/visible.ts'
import { defineRoute, type Route } from '../../http/route.ts'

export function exportFileRoutes(deps: ServerDeps): Route[] {
  const { datasets, db } = deps
  const issueLink = createLinkIssuer(deps)
  return [
    defineRoute({
      method: 'get',
      path: '/v1/exports/:id/download',
      access: 'caller',
      operationId: 'downloadExport',
      tag: 'Exports',
      summary: 'Download the file of an export through a signed link',
      description:
        'The first link of a caller in each period of `LINK_TTL` is an event in the audit trail, and the event counts the repeats. The signed link needs no authentication. A script in a browser cannot read the target of a redirect, so it uses `redirect=false`.',
      params: { id: pathIdSchema },
      query: downloadQuerySchema,
      responses: {
        200: { description: 'The signed link, for `redirect=false`.', body: downloadSchema },
        303: { description: 'Redirect to the signed link.', headers: { Location: 'always' } },
      },
      problems: ['EXPORT_NOT_READY', 'EXPORT_WITHOUT_FILE', 'EXPORT_EXPIRED'],
      async handle(request, response, { params: { id }, query: { redirect } }) {
        const caller = callerOf(response)
        const row = await findVisible(db, id, caller)
        requireExportable(caller, datasetOf(datasets, row))
        requireFile(row)
        const link = await issueLink('export.downloaded', row, request, response)
        if (redirect === 'false') response.json(link)
        // Without response.redirect(), which would repeat the link in a body.
        else response.status(303).location(link.url).end()
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/exports/:id/manifest',
      access: 'caller',
      operationId: 'getExportManifest',
      tag: 'Exports',
      summary: 'Get the manifest that proves the file is complete: rows, bytes, SHA-256, snapshot, columns, filters',
      params: { id: pathIdSchema },
      responses: {
        200: { description: 'The manifest, equal to the one stored beside the file.', body: manifestSchema },
      },
      problems: ['EXPORT_NOT_READY', 'EXPORT_WITHOUT_FILE'],
      async handle(_request, response, { params: { id } }) {
        const row = await findVisible(db, id, callerOf(response))
        const { rowCount, sha256, snapshotAt } = row
        if (rowCount === null || sha256 === null || snapshotAt === null) throw notReady(row)
        const columns = row.columns.map((name) => ({
          name,
          kind: datasets.get(row.dataset)?.columns[name]?.kind ?? ('text' as const),
        }))
        response.json(
          createManifest(row, columns, {
            rowCount,
            truncated: row.truncated,
            warnings: row.warnings,
            bytes: row.bytes,
            sha256,
            snapshotAt,
          }),
        )
      },
    }),
  ]
}

function requireFile(row: ExportRow): void {
  if (row.status === 'expired') throw new WaybillError('EXPORT_EXPIRED')
  if (row.status !== 'completed') throw notReady(row)
}

function notReady(row: ExportRow): WaybillError {
  const ended = row.status === 'failed' || row.status === 'canceled'
  return new WaybillError(ended ? 'EXPORT_WITHOUT_FILE' : 'EXPORT_NOT_READY', `The export is ${row.status}.`)
}
