// Who calls: checks the bearer token and puts the caller beside the request.
import { type Caller, findCaller } from '@waybill/shared/api-keys.ts'
import type { Database } from '@waybill/shared/database.ts'
import { WaybillError } from '@waybill/shared/errors.ts'
import { within } from '@waybill/shared/within.ts'
import type { RequestHandler, Response } from 'express'

export type { Caller }

/** @throws WaybillError UNAUTHENTICATED (by `next`) unless a key that is valid now is presented */
export function authenticate(db: Database): RequestHandler {
  return async (request, response, next) => {
    // The scheme is case-insensitive (RFC 9110, 11.1); the token has no spaces (RFC 6750, 2.1).
    const token = /^bearer +([A-Za-z0-9\-._~+/]+=*)$/i.exec(request.get('authorization') ?? '')?.[1]
    const caller = token === undefined ? undefined : await within(PATIENCE, findCaller(db, token), databaseSilent)
    if (caller === undefined) throw new WaybillError('UNAUTHENTICATED')
    response.locals.caller = caller
    next()
  }
}

/**
 * Milliseconds that the database may take for the first question of every request: one that hangs must show as
 * 503 within a second, not as silence.
 */
const PATIENCE = 900

function databaseSilent(): WaybillError {
  return new WaybillError('DATABASE_UNAVAILABLE')
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
