// Blocks addresses that send many invalid tokens, but not callers at such an address whose token was valid before.
import { createHash } from 'node:crypto'
import type { Counters } from '@waybill/shared/access/rate-counters.ts'
import type { Config } from '@waybill/shared/settings/schema.ts'
import { WaybillError } from '@waybill/shared/vocabulary/errors.ts'

const WINDOW_SECONDS = 60

/** How many valid tokens are remembered, and for how long. */
const MAX_VALID_TOKENS = 10_000
const VALID_TOKEN_TTL_MS = 3_600_000

interface FailedLogins {
  /** Call before the token is checked. @throws WaybillError RATE_LIMITED when the network is blocked */
  admit(network: string, token: string | undefined): void
  /** Counts an invalid token. @throws WaybillError RATE_LIMITED when the quota is exceeded */
  fail(network: string): Promise<void>
  /** Remembers a valid token, which is then admitted from blocked networks too. */
  succeed(token: string): void
}

export function createFailedLogins({ config, counters }: { config: Config; counters: Counters }): FailedLogins {
  const quota = config.RATE_LIMIT_FAILED_LOGINS
  const counter = counters.create('failed-logins', WINDOW_SECONDS)
  // In memory and not in Redis: a lookup there would add a round trip to every request.
  const blockedUntil = new Map<string, number>()
  const validUntil = new Map<string, number>()

  return {
    admit(network, token) {
      const until = blockedUntil.get(network)
      if (until === undefined) return
      const now = Date.now()
      if (until <= now) return void blockedUntil.delete(network)
      if (token !== undefined && (validUntil.get(digest(token)) ?? 0) > now) return
      throw rateLimited(quota, until - now)
    },
    async fail(network) {
      if (quota === 0) return
      const { used, resetIn } = await counter.add(network)
      if (used <= quota) return
      blockedUntil.set(network, Date.now() + resetIn)
      setTimeout(() => blockedUntil.delete(network), resetIn).unref()
      throw rateLimited(quota, resetIn)
    },
    succeed(token) {
      if (quota === 0) return
      const key = digest(token)
      // Deleted first, so that the map stays in the order of last use.
      validUntil.delete(key)
      validUntil.set(key, Date.now() + VALID_TOKEN_TTL_MS)
      const oldest = validUntil.size > MAX_VALID_TOKENS ? validUntil.keys().next().value : undefined
      if (oldest !== undefined) validUntil.delete(oldest)
    },
  }
}

function rateLimited(quota: number, milliseconds: number): WaybillError {
  const message = `Your address has sent more than ${quota} requests without a valid token in a minute.`
  return new WaybillError('RATE_LIMITED', message, { retryAfter: Math.ceil(milliseconds / 1000) })
}

/** Tokens are secrets: only their hashes stay in memory. */
function digest(token: string): string {
  return createHash('sha256').update(token).digest('base64')
}
