// Mounts the routes: checks access and input before each handler, and responds 405 to other methods.
import { MAX_BODY_BYTES, WaybillError } from '@waybill/shared/vocabulary/errors.ts'
import express, { type Express, type Request, type RequestHandler } from 'express'
import { requireAdmin } from '../auth/authenticate.ts'
import { readBody, readHeaders, readParams, readQuery } from './request.ts'
import type { Input, Route } from './route.ts'
import { spendTrailWrite } from './trail-budget.ts'

/** Paths are matched in the order of the list, so fixed names come before `:id`. */
export function mountRoutes(app: Express, routes: readonly Route[]): void {
  const paths = [...new Set(routes.map(({ path }) => path))]
  for (const path of paths) {
    const own = routes.filter((route) => route.path === path)
    for (const route of own) app[route.method](path, ...handlers(route))
    const methods = own.map(({ method }) => method.toUpperCase())
    const allow = (methods.includes('GET') ? ['HEAD', ...methods] : methods).join(', ')
    app.all(path, (_request, response) => {
      response.set('Allow', allow)
      throw new WaybillError('METHOD_NOT_ALLOWED', `This URL supports ${allow}`)
    })
  }
}

function handlers(route: Route): RequestHandler[] {
  const check: RequestHandler = (request, response, next) => {
    // Express resets request.params before the error handlers.
    response.locals.params = request.params
    if (route.access === 'admin') requireAdmin(response)
    next()
  }
  const handle: RequestHandler = async (request, response) => {
    const input = readInput(route, request)
    // What changes something is recorded.
    if (route.access !== 'public' && route.method !== 'get') await spendTrailWrite(response)
    await route.handle(request, response, input)
  }
  return route.body === undefined ? [check, handle] : [check, express.json({ limit: MAX_BODY_BYTES }), handle]
}

/** @throws WaybillError NOT_FOUND, UNSUPPORTED_MEDIA_TYPE, BODY_NOT_JSON, VALIDATION_FAILED */
function readInput({ params, headers, query, body }: Route, request: Request): Input {
  return {
    params: readParams(request, params ?? {}),
    query: query === undefined ? undefined : readQuery(request, query),
    body: body === undefined ? undefined : readBody(request, body),
    headers: readHeaders(request, headers ?? {}),
  }
}
