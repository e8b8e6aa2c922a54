// The caller as the audit trail records it: identity, address and User-Agent.
import type { Actor } from '@waybill/shared/audit/record.ts'
import type { Request, Response } from 'express'
import { withoutPort } from '../http/network.ts'
import { callerOf } from './authenticate.ts'

/** The caller controls both texts, and the trail is never deleted. */
const MAX_ADDRESS_CHARACTERS = 64
const MAX_USER_AGENT_CHARACTERS = 256

/** For `recordEvent` and for the ledger. */
export function actorOf(request: Request, response: Response): Actor {
  const { id, name } = callerOf(response)
  return withOrigin({ id, name }, request)
}

/** Adds the address and the User-Agent of the request. */
export function withOrigin({ id, name }: Actor, request: Request): Actor {
  return {
    id,
    name,
    address: addressOf(request.ip)?.slice(0, MAX_ADDRESS_CHARACTERS),
    userAgent: request.get('user-agent')?.slice(0, MAX_USER_AGENT_CHARACTERS),
  }
}

/** A socket that listens on IPv6 reports IPv4 clients as ::ffff:192.0.2.7. */
function addressOf(address: string | undefined): string | undefined {
  return address === undefined ? undefined : withoutPort(address).replace(/^::ffff:(?=\d+\.)/i, '')
}
