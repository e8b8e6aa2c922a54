// GET /auth/config.json: where the admin page may send its user to log in.
import { authConfigSchema } from '@waybill/shared/contract/auth-config.ts'
import type { ServerDeps } from '../deps.ts'
import { defineRoute, type Route } from '../http/route.ts'

export function authConfigRoute({ config }: Pick<ServerDeps, 'config'>): Route {
  const { OIDC_ISSUER: issuer, OIDC_CLIENT_ID: clientId, OIDC_SCOPES: scopes } = config
  const oidc = issuer === undefined || clientId === undefined ? null : { issuer, clientId, scopes }
  return defineRoute({
    method: 'get',
    path: '/auth/config.json',
    access: 'anybody',
    operationId: 'getAuthConfig',
    tag: 'Access',
    summary: 'Tell where people log in',
    description: 'For anybody: a page that knows nobody yet has to read it. Holds nothing secret.',
    answers: { 200: { description: 'The identity provider, if there is one.', body: authConfigSchema } },
    problems: [],
    handle(_request, response) {
      response.json({ oidc })
    },
  })
}
