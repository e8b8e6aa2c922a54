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

type AuthDeps = Pick<Connections, 'db' | 'answeredAt' | 'counters'> & { readonly config: Config }

/** Without any response for this long, the database counts as unavailable. */
const SILENCE_TIMEOUT_MS = 900
const SILENCE_CHECK_INTERVAL_MS = 100

/**
 * Passes these errors on: WaybillError UNAUTHENTICATED without a valid key or token, FORBIDDEN for a token without a
 * role, RATE_LIMITED, IDENTITY_PROVIDER_UNAVAILABLE, DATABASE_UNAVAILABLE.
 */
export function authenticate({ config, db, counters, answeredAt }: AuthDeps): RequestHandler {
  const logins = createFailedLogins({ config, counters })
  const verifyToken = createTokenVerifier(config)
  const identify = (token: string): Promise<Caller | undefined> =>
    verifyToken !== undefined && isToken(token)
      ? verifyToken(token)
      : whileResponsive(findCaller(db, token), answeredAt)
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

/**
 * Settles like `query`, but rejects when the database has not responded to any query of this process for the timeout:
 * an unavailable database must lead to a 503 within a second, a busy one must not.
 */
async function whileResponsive<T>(query: Promise<T>, answeredAt: () => number): Promise<T> {
  let lastAnswer = answeredAt()
  let silentMs = 0
  const silence = Promise.withResolvers<never>()
  const check = () => {
    silentMs = answeredAt() === lastAnswer ? silentMs + SILENCE_CHECK_INTERVAL_MS : 0
    lastAnswer = answeredAt()
    if (silentMs >= SILENCE_TIMEOUT_MS) silence.reject(new WaybillError('DATABASE_UNAVAILABLE'))
  }
  // Counts its own checks instead of reading a clock: while this process was blocked or suspended, it could not receive
  // a response. setImmediate runs the check after the event loop has read what the socket has received.
  const timer = setInterval(() => setImmediate(check), SILENCE_CHECK_INTERVAL_MS)
  try {
    return await Promise.race([query, silence.promise])
  } finally {
    clearInterval(timer)
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
