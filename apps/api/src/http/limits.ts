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

type LimitDeps = { readonly config: Config; readonly counters: Counters }

/** The health checks have a separate counter, so that other requests of the address cannot make them fail. */
const HEALTH_PATHS = new Set(['/healthz', '/readyz'])

/** Mount before the public routes: limits each address on every path that needs no token. */
export function limitPublicPaths({ config, counters }: LimitDeps): RequestHandler {
  const quota = config.RATE_LIMIT_PER_ADDRESS
  const create = (name: string): Limit => ({
    ...{ policy: 'address', quota },
    counter: counters.create(name, WINDOW_SECONDS),
  })
  const limits = { health: create('address-health'), others: create('address-public') }
  return async (request, response, next) => {
    const isCounted = quota > 0 && !/^\/v1(\/|$)/i.test(request.path)
    const limit = HEALTH_PATHS.has(request.path) ? limits.health : limits.others
    if (isCounted) await take(limit, networkOf(request.ip), response)
    next()
  }
}

interface AddressLimit {
  /** Mount before authenticate(): refuses requests of an address whose valid requests have used up its quota. */
  readonly refuse: RequestHandler
  /** Mount after authenticate(): counts valid requests only. Requests without a valid token have their own limit. */
  readonly count: RequestHandler
}

/** Limits each address under /v1. */
export function limitAddresses({ config, counters }: LimitDeps): AddressLimit {
  const quota = config.RATE_LIMIT_PER_ADDRESS
  const limit: Limit = { policy: 'address', quota, counter: counters.create('address', WINDOW_SECONDS) }
  // In memory, so that a refusal costs neither a lookup of the token nor a round trip to Redis.
  const exhaustedUntil = new Map<string, number>()
  return {
    refuse(request, response, next) {
      const network = networkOf(request.ip)
      const left = (exhaustedUntil.get(network) ?? 0) - Date.now()
      if (left > 0) refuse(limit, response, Math.ceil(left / 1000))
      next()
    },
    async count(request, response, next) {
      if (quota > 0) {
        const network = networkOf(request.ip)
        await take(limit, network, response, (resetIn) => {
          exhaustedUntil.set(network, Date.now() + resetIn)
          setTimeout(() => exhaustedUntil.delete(network), resetIn).unref()
        })
      }
      next()
    },
  }
}

/** Mount after authenticate(): limits each caller, whatever its address is. */
export function limitCallers({ config, counters }: LimitDeps): RequestHandler {
  const quota = config.RATE_LIMIT_PER_CALLER
  const limit: Limit = { policy: 'caller', quota, counter: counters.create('caller', WINDOW_SECONDS) }
  return async (_request, response, next) => {
    if (quota > 0) await take(limit, callerOf(response).id, response)
    next()
  }
}

/**
 * The headers of draft-ietf-httpapi-ratelimit-headers-10. They report the policy that was checked last.
 *
 * @param onExhausted receives the milliseconds until the quota is reset
 */
async function take(
  limit: Limit,
  key: string,
  response: Response,
  onExhausted?: (resetIn: number) => void,
): Promise<void> {
  const { quota } = limit
  const { used, resetIn } = await limit.counter.add(key)
  const seconds = Math.ceil(resetIn / 1000)
  setHeaders(limit, response, Math.max(0, quota - used), seconds)
  if (used <= quota) return
  onExhausted?.(resetIn)
  refuse(limit, response, seconds)
}

function refuse(limit: Limit, response: Response, seconds: number): never {
  const { policy, quota } = limit
  setHeaders(limit, response, 0, seconds)
  const whose = policy === 'caller' ? 'You have sent' : 'Your address has sent'
  throw new WaybillError('RATE_LIMITED', `${whose} more than ${quota} requests in a minute.`, { retryAfter: seconds })
}

function setHeaders({ policy, quota }: Limit, response: Response, left: number, seconds: number): void {
  response.set({
    'RateLimit-Policy': `"${policy}";q=${quota};w=${WINDOW_SECONDS}`,
    RateLimit: `"${policy}";r=${left};t=${seconds}`,
  })
}
