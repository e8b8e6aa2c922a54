// How often one caller, or one address, may ask: counted by the minute, told in headers, refused with 429.

import type { Counter, Counters } from '@waybill/shared/access/rate-counters.ts'
import type { Config } from '@waybill/shared/settings/schema.ts'
import { WaybillError } from '@waybill/shared/vocabulary/errors.ts'
import type { RequestHandler, Response } from 'express'
import { callerOf } from '../auth/authenticate.ts'
import { networkOf } from './network.ts'

const WINDOW = 60

/** Requests in a window at most, of one caller or of one address; 0: as many as they like. */
interface Limit {
  readonly policy: 'caller' | 'address'
  readonly quota: number
  readonly counter: Counter
}

/** Before anybody is known: refuses addresses that ask too often. */
export function limitAddresses({ config, counters }: { config: Config; counters: Counters }): RequestHandler {
  const quota = config.RATE_LIMIT_PER_ADDRESS
  const limit: Limit = { policy: 'address', quota, counter: counters.create('address', WINDOW) }
  return async (request, response, next) => {
    if (quota > 0) await take(limit, networkOf(request.ip), response)
    next()
  }
}

/** Behind authenticate(): refuses callers that ask too often, from wherever. */
export function limitCallers({ config, counters }: { config: Config; counters: Counters }): RequestHandler {
  const quota = config.RATE_LIMIT_PER_CALLER
  const limit: Limit = { policy: 'caller', quota, counter: counters.create('caller', WINDOW) }
  return async (_request, response, next) => {
    if (quota > 0) await take(limit, callerOf(response).id, response)
    next()
  }
}

/** The headers are those of draft-ietf-httpapi-ratelimit-headers-10; the last policy that was asked stands there. */
async function take({ policy, quota, counter }: Limit, key: string, response: Response): Promise<void> {
  const { used, resetIn } = await counter.add(key)
  const seconds = Math.ceil(resetIn / 1000)
  response.set({
    'RateLimit-Policy': `"${policy}";q=${quota};w=${WINDOW}`,
    RateLimit: `"${policy}";r=${Math.max(0, quota - used)};t=${seconds}`,
  })
  if (used <= quota) return
  const whose = policy === 'caller' ? 'You have sent' : 'Your address has sent'
  throw new WaybillError('RATE_LIMITED', `${whose} more than ${quota} requests in a minute.`, { retryAfter: seconds })
}
