// GET /v1/me: who the token is and what it may.
import { callerOf } from '../auth.ts'
import type { Route } from '../router.ts'
import type { ServerDeps } from '../server.ts'

export function meRoute({ config }: ServerDeps): Route {
  return {
    method: 'get',
    path: '/v1/me',
    access: 'caller',
    handle(_request, response) {
      const { id, name, role, datasets } = callerOf(response)
      response.json({
        id,
        name,
        role,
        datasets,
        limits: { maxRows: config.MAX_ROWS, maxActiveExports: config.MAX_ACTIVE_EXPORTS },
      })
    },
  }
}
