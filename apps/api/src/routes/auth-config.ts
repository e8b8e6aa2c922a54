// GET /auth/config.json: the identity provider at which users of the admin page log in.
import { authConfigSchema } from '@waybill/shared/contract/auth-config.ts'
import type { ServerDeps } from '../deps.ts'
import { defineRoute, type Route } from '../http/route.ts'

export function authConfigRoute({ config }: Pick<ServerDeps, 'config'>): Route {
  const { OIDC_ISSUER: issuer, OIDC_CLIENT_ID: clientId, OIDC_SCOPES: scopes } = config
  const oidc = issuer === undefined || clientId === undefined ? null : { issuer, clientId, scopes }
  return defineRoute({
    method: 'get',
    path: '/auth/config.json',
    access: 'public',
    operationId: 'getAuthConfig',
    tag: 'Access',
    summary: 'Get the login settings of the admin page',
    description: 'Public, because the page reads it before the user has logged in. Contains no secrets.',
    responses: { 200: { description: 'The identity provider, or `null` without one.', body: authConfigSchema } },
    problems: [],
    handle(_request, response) {
      response.json({ oidc })
    },
  })
}
