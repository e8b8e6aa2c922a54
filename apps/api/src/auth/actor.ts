// The caller as the trail knows them: who, from which address, with which program.
import type { Actor } from '@waybill/shared/audit/record.ts'
import type { Request, Response } from 'express'
import { callerOf } from './authenticate.ts'

/** Characters kept of what a caller can choose freely: the trail is kept for ever. */
const ADDRESS_LENGTH = 64
const USER_AGENT_LENGTH = 256

/** For `recordEvent` and for the ledger. */
export function actorOf(request: Request, response: Response): Actor {
  const { id, name } = callerOf(response)
  return {
    id,
    name,
    // An IPv4 client of a socket that listens on IPv6 is known by the address it has itself.
    address: request.ip?.replace(/^::ffff:(?=\d+\.)/i, '').slice(0, ADDRESS_LENGTH),
    userAgent: request.get('user-agent')?.slice(0, USER_AGENT_LENGTH),
  }
}
