// GET /v1/exports/history: the list of GAME's original export service, for its clients.
import { listExports } from '@waybill/shared/ledger-queries.ts'
import { z } from 'zod'
import { callerOf } from '../auth.ts'
import { presentHistory } from '../present.ts'
import { readQuery } from '../request.ts'
import type { Route } from '../router.ts'
import type { ServerDeps } from '../server.ts'
import { scopeOf } from './exports.ts'

const querySchema = z.strictObject({
  scope: z.enum(['mine', 'all']).default('mine'),
  limit: z.coerce.number().int().min(1).max(200).default(50),
})

export function historyRoute({ config, db }: ServerDeps): Route {
  return {
    method: 'get',
    path: '/v1/exports/history',
    access: 'caller',
    async handle(request, response) {
      const { scope, limit } = readQuery(request, querySchema)
      const rows = await listExports(db, { requesterId: scopeOf(callerOf(response), scope) }, { limit })
      response.json(rows.slice(0, limit).map((row) => presentHistory(row, config.MAX_ROWS)))
    },
  }
}
