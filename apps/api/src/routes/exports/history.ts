// GET /v1/exports/history: the list of GAME's original export service, for its clients.
import { historyItemSchema, historyQuerySchema, historySchema } from '@waybill/shared/contract/history.ts'
import { listExports } from '@waybill/shared/ledger/queries.ts'
import { callerOf } from '../../auth/authenticate.ts'
import type { ServerDeps } from '../../deps.ts'
import { scopeOf } from '../../exports/visible.ts'
import { csvHeader, sendCsv, wantsCsv } from '../../http/csv-list.ts'
import { defineRoute, type Route } from '../../http/route.ts'
import { presentHistory } from '../../present/exports.ts'

export function historyRoute({ config, db }: ServerDeps): Route {
  return defineRoute({
    method: 'get',
    path: '/v1/exports/history',
    access: 'caller',
    operationId: 'listHistory',
    tag: 'Exports',
    summary: 'List exports in the format of GAME’s original export service',
    description: 'For existing clients of that service. New clients use `GET /v1/exports`.',
    query: historyQuerySchema,
    responses: {
      200: {
        description: 'The exports.',
        body: historySchema,
        alternatives: { 'text/csv': csvHeader(historyItemSchema) },
      },
    },
    problems: [],
    async handle(request, response, { query: { scope, format, limit } }) {
      const isCsv = wantsCsv(request, response, format)
      const rows = await listExports(db, { requesterId: scopeOf(callerOf(response), scope) }, { limit })
      const items = rows.slice(0, limit).map((row) => presentHistory(row, config.MAX_ROWS))
      if (isCsv) sendCsv(request, response, historyItemSchema, { items, nextCursor: null })
      else response.json(items)
    },
  })
}
