// Rate limits per caller and per address: counted per minute, reported in headers, enforced with 429.

import type { Counter, Counters } from '@waybill/shared/access/rate-counters.ts'
import type { Config } from '@waybill/shared/settings/schema.ts'
import { WaybillError } from '@waybill/shared/vocabulary/errors.ts'
import type { RequestHandler, Response } from 'express'
import { callerOf } from '../auth/authenticate.ts'
import { networkOf } from './network.ts'

const WINDOW_SECONDS = 60

/** `quota` is the number of requests in one window; 0 turns the limit off. */
interface Limit {
  readonly policy: 'caller' | 'address'
  readonly quota: number
  readonly counter: Counter
}

/** Mount before authenticate(): limits each address. */
export function limitAddresses({ config, counters }: { config: Config; counters: Counters }): RequestHandler {
  const quota = config.RATE_LIMIT_PER_ADDRESS
  const limit: Limit = { policy: 'address', quota, counter: counters.create('address', WINDOW_SECONDS) }
  return async (request, response, next) => {
    if (quota > 0) await take(limit, networkOf(request.ip), response)
    next()
  }
}

/** Mount after authenticate(): limits each caller, whatever its address is. */
export function limitCallers({ config, counters }: { config: Config; counters: Counters }): RequestHandler {
  const quota = config.RATE_LIMIT_PER_CALLER
  const limit: Limit = { policy: 'caller', quota, counter: counters.create('caller', WINDOW_SECONDS) }
  return async (_request, response, next) => {
    if (quota > 0) await take(limit, callerOf(response).id, response)
    next()
  }
}

/** The headers of draft-ietf-httpapi-ratelimit-headers-10. They report the policy that was checked last. */
async function take({ policy, quota, counter }: Limit, key: string, response: Response): Promise<void> {
  const { used, resetIn } = await counter.add(key)
  const seconds = Math.ceil(resetIn / 1000)
  response.set({
    'RateLimit-Policy': `"${policy}";q=${quota};w=${WINDOW_SECONDS}`,
    RateLimit: `"${policy}";r=${Math.max(0, quota - used)};t=${seconds}`,
  })
  if (used <= quota) return
  const whose = policy === 'caller' ? 'You have sent' : 'Your address has sent'
  throw new WaybillError('RATE_LIMITED', `${whose} more than ${quota} requests in a minute.`, { retryAfter: seconds })
}
