// Who calls: checks the bearer token, an API key or an OIDC access token, and puts the caller beside the request.
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

/** Milliseconds without any answer from the database after which it counts as away. */
const PATIENCE = 900
const CHECK_EVERY = 100

/**
 * @throws WaybillError UNAUTHENTICATED (by `next`) unless a key or a token that is valid now is presented; FORBIDDEN
 *   for a token without a role, RATE_LIMITED, IDENTITY_PROVIDER_UNAVAILABLE, DATABASE_UNAVAILABLE
 */
export function authenticate({ config, db, counters, answeredAt }: AuthDeps): RequestHandler {
  const logins = createFailedLogins({ config, counters })
  const verifyToken = createTokenVerifier(config)
  const identify = (token: string): Promise<Caller | undefined> =>
    verifyToken !== undefined && isToken(token) ? verifyToken(token) : unlessSilent(findCaller(db, token), answeredAt)
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
 * Settles like `answer`, unless the database says nothing at all to anybody: one that is away must show as 503
 * within a second, and one that is only busy must not.
 */
async function unlessSilent<T>(answer: Promise<T>, answeredAt: () => number): Promise<T> {
  let lastAnswer = answeredAt()
  let silentFor = 0
  const silence = Promise.withResolvers<never>()
  const check = () => {
    silentFor = answeredAt() === lastAnswer ? silentFor + CHECK_EVERY : 0
    lastAnswer = answeredAt()
    if (silentFor >= PATIENCE) silence.reject(new WaybillError('DATABASE_UNAVAILABLE'))
  }
  // Counted, not measured: while this process was busy, or did not get to run, nobody could have answered it. And after
  // the event loop has taken in what has arrived.
  const timer = setInterval(() => setImmediate(check), CHECK_EVERY)
  try {
    return await Promise.race([answer, silence.promise])
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
