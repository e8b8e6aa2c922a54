// GET /auth/config.json: where the admin page may send its user to log in.
import type { Config } from '@waybill/shared/config.ts'
import type { RequestHandler } from 'express'

/** For anybody: a page that knows nobody yet has to read it. Holds nothing secret. */
export function authConfig({ OIDC_ISSUER: issuer, OIDC_CLIENT_ID: clientId, OIDC_SCOPES: scopes }: Config): {
  path: string
  handle: RequestHandler
} {
  const oidc = issuer === undefined || clientId === undefined ? null : { issuer, clientId, scopes }
  return {
    path: '/auth/config.json',
    handle: (_request, response) => {
      response.json({ oidc })
    },
  }
}
