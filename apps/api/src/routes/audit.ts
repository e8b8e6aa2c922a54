// GET /v1/audit: the audit trail, for administrators.
import { listTrail } from '@waybill/shared/audit/queries.ts'
import { auditPageSchema, auditQuerySchema } from '@waybill/shared/contract/audit.ts'
import type { ServerDeps } from '../deps.ts'
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
    responses: { 200: { description: 'One page of events.', body: auditPageSchema } },
    problems: [],
    async handle(_request, response, { query }) {
      const rows = await listTrail(db, query)
      const items = rows.slice(0, query.limit)
      const nextCursor = rows.length > query.limit ? String(items.at(-1)?.id) : null
      response.json({ items: items.map(presentAuditEvent), nextCursor })
    },
  })
}
