// Shuts out addresses that try one token after the other, but never somebody there whose token was good before.
import { createHash } from 'node:crypto'
import type { Counters } from '@waybill/shared/access/rate-counters.ts'
import type { Config } from '@waybill/shared/settings/schema.ts'
import { WaybillError } from '@waybill/shared/vocabulary/errors.ts'

const WINDOW = 60

/** Tokens that were good lately: so many, and for so many milliseconds. */
const REMEMBERED = 10_000
const MEMORY = 3_600_000

export interface FailedLogins {
  /** Before a token is looked at. @throws WaybillError RATE_LIMITED */
  admit(network: string, token: string | undefined): void
  /** The token was none. @throws WaybillError RATE_LIMITED when it was one too many */
  fail(network: string): Promise<void>
  /** The token was good: it gets in although others at its address try. */
  succeed(token: string): void
}

export function createFailedLogins({ config, counters }: { config: Config; counters: Counters }): FailedLogins {
  const quota = config.RATE_LIMIT_FAILED_LOGINS
  const counter = counters.create('failed-logins', WINDOW)
  // Here and not in Redis: to look there before each login would cost every caller a round trip.
  const shutUntil = new Map<string, number>()
  const goodUntil = new Map<string, number>()

  return {
    admit(network, token) {
      const until = shutUntil.get(network)
      if (until === undefined) return
      const now = Date.now()
      if (until <= now) return void shutUntil.delete(network)
      if (token !== undefined && (goodUntil.get(digest(token)) ?? 0) > now) return
      throw refusal(quota, until - now)
    },
    async fail(network) {
      if (quota === 0) return
      const { used, resetIn } = await counter.add(network)
      if (used <= quota) return
      shutUntil.set(network, Date.now() + resetIn)
      setTimeout(() => shutUntil.delete(network), resetIn).unref()
      throw refusal(quota, resetIn)
    },
    succeed(token) {
      if (quota === 0) return
      const key = digest(token)
      // Last in, last out.
      goodUntil.delete(key)
      goodUntil.set(key, Date.now() + MEMORY)
      const oldest = goodUntil.size > REMEMBERED ? goodUntil.keys().next().value : undefined
      if (oldest !== undefined) goodUntil.delete(oldest)
    },
  }
}

function refusal(quota: number, milliseconds: number): WaybillError {
  const message = `Your address has sent more than ${quota} requests without a valid token in a minute.`
  return new WaybillError('RATE_LIMITED', message, { retryAfter: Math.ceil(milliseconds / 1000) })
}

/** Tokens are not kept in memory as they are. */
function digest(token: string): string {
  return createHash('sha256').update(token).digest('base64')
}
