// Mounts routes from a table, so that every route has its rule and every other method is a 405.
import { WaybillError } from '@waybill/shared/errors.ts'
import type { Express, Request, Response } from 'express'
import { requireAdmin } from './auth.ts'

export interface Route {
  readonly method: 'get' | 'post' | 'patch' | 'delete'
  /** As Express has it: `/v1/exports/:id`. */
  readonly path: string
  /** Who may call: anybody with a valid token (who then sees their own only), or admins. */
  readonly access: 'caller' | 'admin'
  readonly handle: (request: Request, response: Response) => void | Promise<void>
}

/** The routes of one path must stand together; paths are tried in the order of the table. */
export function mountRoutes(app: Express, routes: readonly Route[]): void {
  const paths = [...new Set(routes.map(({ path }) => path))]
  for (const path of paths) {
    const own = routes.filter((route) => route.path === path)
    for (const { method, access, handle } of own) {
      app[method](path, async (request, response) => {
        if (access === 'admin') requireAdmin(response)
        await handle(request, response)
      })
    }
    const methods = own.map(({ method }) => method.toUpperCase())
    const allow = (methods.includes('GET') ? ['HEAD', ...methods] : methods).join(', ')
    app.all(path, (_request, response) => {
      response.set('Allow', allow)
      throw new WaybillError('METHOD_NOT_ALLOWED', `This address answers ${allow}`)
    })
  }
}
