// GET /v1/audit: the audit trail, for administrators.
import { listTrail } from '@waybill/shared/audit/queries.ts'
import { auditEventSchema, auditPageSchema, auditQuerySchema } from '@waybill/shared/contract/audit.ts'
import type { ServerDeps } from '../deps.ts'
import { csvHeader, sendCsv, wantsCsv } from '../http/csv-list.ts'
import { toPage } from '../http/paging.ts'
import { defineRoute, type Route } from '../http/route.ts'
import { presentAuditEvent } from '../present/exports.ts'

export function auditRoute({ db }: ServerDeps): Route {
  return defineRoute({
    method: 'get',
    path: '/v1/audit',
    access: 'admin',
    operationId: 'listAuditEvents',
    tag: 'Audit',
    summary: 'List the events of the audit trail, newest first',
    description: 'To get the whole trail as a file, export the dataset `audit`.',
    query: auditQuerySchema,
    responses: {
      200: {
        description: 'One page of events.',
        body: auditPageSchema,
        alternatives: { 'text/csv': csvHeader(auditEventSchema) },
        headers: { Link: 'sometimes' },
      },
    },
    problems: [],
    async handle(request, response, { query: { format, ...query } }) {
      const isCsv = wantsCsv(request, response, format)
      const page = toPage(await listTrail(db, query), query.limit, presentAuditEvent)
      if (isCsv) sendCsv(request, response, auditEventSchema, page)
      else response.json(page)
    },
  })
}
