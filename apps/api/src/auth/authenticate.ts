// Authentication: checks the bearer token (an API key or an OIDC access token) and stores the caller with the request.
import { type Caller, createKeyCheck, findCaller } from '@waybill/shared/access/api-keys.ts'
import type { Actor } from '@waybill/shared/audit/record.ts'
import type { Config } from '@waybill/shared/settings/schema.ts'
import { toWaybillError, WaybillError } from '@waybill/shared/vocabulary/errors.ts'
import type { Connections } from '@waybill/shared/wiring.ts'
import type { Request, RequestHandler, Response } from 'express'
import { networkOf } from '../http/network.ts'
import { createFailedLogins } from './failed-logins.ts'
import { createTokenVerifier, isToken, type Unauthorized } from './oidc.ts'

export type { Caller }

type AuthDeps = Pick<Connections, 'db' | 'counters'> & { readonly config: Config }

/**
 * Finds the caller of a request, and stores it with the response for {@link callerOf}.
 *
 * @throws WaybillError UNAUTHENTICATED without a valid key or token, FORBIDDEN for a token without a role, RATE_LIMITED,
 *   IDENTITY_PROVIDER_UNAVAILABLE; and errors of the database
 */
export type Authenticator = (request: Request, response: Response) => Promise<Caller>

export function createAuthenticator({ config, db, counters }: AuthDeps): Authenticator {
  const verifier = createTokenVerifier(config)
  const isValidKey = createKeyCheck(db)
  const logins = createFailedLogins({
    config,
    counters,
    assess: (token) =>
      verifier !== undefined && isToken(token)
        ? { kind: 'jwt', subject: verifier.subjectOf(token) }
        : { kind: 'key', isValid: () => isValidKey(token) },
  })
  const identify = (token: string): Promise<Caller | Unauthorized | undefined> =>
    verifier !== undefined && isToken(token) ? verifier.verify(token) : findCaller(db, token)
  return async (request, response) => {
    const token = bearerToken(request)
    const network = networkOf(request.ip)
    await logins.admit(network, token)
    try {
      const caller = token === undefined ? undefined : await identify(token)
      if (token === undefined || caller === undefined) throw new WaybillError('UNAUTHENTICATED')
      logins.succeed(token)
      response.locals.actor = { id: caller.id, name: caller.name }
      if (caller.role === undefined) throw new WaybillError('FORBIDDEN', caller.reason)
      response.locals.caller = caller
      return caller
    } catch (error) {
      if (toWaybillError(error).code === 'UNAUTHENTICATED') await logins.fail(network, token)
      throw error
    }
  }
}

export function authenticate(authenticator: Authenticator): RequestHandler {
  return async (request, response, next) => {
    await authenticator(request, response)
    next()
  }
}

/** The scheme is case-insensitive (RFC 9110, 11.1); the token has no spaces (RFC 6750, 2.1). */
export function bearerToken(request: Request): string | undefined {
  return /^bearer +([A-Za-z0-9\-._~+/]+=*)$/i.exec(request.get('authorization') ?? '')?.[1]
}

export function callerOf(response: Response): Caller {
  const caller: Caller | undefined = response.locals.caller
  if (caller === undefined) throw new Error('a route that needs a caller is not behind authenticate()')
  return caller
}

/** Who sent a request with a valid key or token, also when it has no rights; undefined for others. */
export function knownActor(response: Response): Pick<Actor, 'id' | 'name'> | undefined {
  return response.locals.actor
}

export function requireAdmin(response: Response): Caller {
  const caller = callerOf(response)
  if (caller.role !== 'admin') throw new WaybillError('FORBIDDEN')
  return caller
}
