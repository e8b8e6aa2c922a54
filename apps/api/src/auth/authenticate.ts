// Authentication: checks the bearer token (an API key or an OIDC access token) and stores the caller with the request.
import { type Caller, findCaller } from '@waybill/shared/access/api-keys.ts'
import type { Config } from '@waybill/shared/settings/schema.ts'
import { toWaybillError, WaybillError } from '@waybill/shared/vocabulary/errors.ts'
import type { Connections } from '@waybill/shared/wiring.ts'
import type { RequestHandler, Response } from 'express'
import { networkOf } from '../http/network.ts'
import { createFailedLogins } from './failed-logins.ts'
import { createTokenVerifier, isToken } from './oidc.ts'

export type { Caller }

type AuthDeps = Pick<Connections, 'db' | 'counters'> & { readonly config: Config }

/**
 * Passes these errors on: WaybillError UNAUTHENTICATED without a valid key or token, FORBIDDEN for a token without a
 * role, RATE_LIMITED, IDENTITY_PROVIDER_UNAVAILABLE; and errors of the database.
 */
export function authenticate({ config, db, counters }: AuthDeps): RequestHandler {
  const logins = createFailedLogins({ config, counters })
  const verifyToken = createTokenVerifier(config)
  const identify = (token: string): Promise<Caller | undefined> =>
    verifyToken !== undefined && isToken(token) ? verifyToken(token) : findCaller(db, token)
  return async (request, response, next) => {
    // The scheme is case-insensitive (RFC 9110, 11.1); the token has no spaces (RFC 6750, 2.1).
    const token = /^bearer +([A-Za-z0-9\-._~+/]+=*)$/i.exec(request.get('authorization') ?? '')?.[1]
    const network = networkOf(request.ip)
    logins.admit(network, token)
    try {
      const caller = token === undefined ? undefined : await identify(token)
      if (token === undefined || caller === undefined) throw new WaybillError('UNAUTHENTICATED')
      logins.succeed(token)
      response.locals.caller = caller
    } catch (error) {
      if (toWaybillError(error).code === 'UNAUTHENTICATED') await logins.fail(network)
      throw error
    }
    next()
  }
}

export function callerOf(response: Response): Caller {
  const caller: Caller | undefined = response.locals.caller
  if (caller === undefined) throw new Error('a route that needs a caller is not behind authenticate()')
  return caller
}

export function requireAdmin(response: Response): Caller {
  const caller = callerOf(response)
  if (caller.role !== 'admin') throw new WaybillError('FORBIDDEN')
  return caller
}
