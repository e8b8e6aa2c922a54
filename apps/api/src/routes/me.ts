// GET /v1/me: the caller, its rights and its limits.
import { meSchema } from '@waybill/shared/contract/me.ts'
import { readStoredBytes } from '@waybill/shared/ledger/stored-bytes.ts'
import { callerOf } from '../auth/authenticate.ts'
import type { ServerDeps } from '../deps.ts'
import { defineRoute, type Route } from '../http/route.ts'

export function meRoute({ config, db }: ServerDeps): Route {
  return defineRoute({
    method: 'get',
    path: '/v1/me',
    access: 'caller',
    operationId: 'getMe',
    tag: 'Access',
    summary: 'Get the identity behind the token, with its role, datasets and limits',
    responses: { 200: { description: 'The caller.', body: meSchema } },
    problems: [],
    async handle(_request, response) {
      const { id, name, role, datasets } = callerOf(response)
      const { bytes: storedBytes } = await readStoredBytes(db, id)
      response.json({
        id,
        name,
        role,
        datasets: [...datasets],
        limits: {
          maxRows: config.MAX_ROWS,
          maxActiveExports: config.MAX_ACTIVE_EXPORTS,
          maxStoredBytes: config.MAX_STORED_BYTES === 0 ? null : config.MAX_STORED_BYTES,
        },
        usage: { storedBytes },
      })
    },
  })
}
