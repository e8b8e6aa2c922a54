// Blocks invalid tokens of addresses that send many of them. Valid tokens still pass, and the work for the others is bounded.
import { createHash } from 'node:crypto'
import type { Counters } from '@waybill/shared/access/rate-counters.ts'
import type { Config } from '@waybill/shared/settings/schema.ts'
import { WaybillError } from '@waybill/shared/vocabulary/errors.ts'
import { CHECKS_PER_ADDRESS, CHECKS_PER_SUBJECT, createCheckBudget } from './check-budget.ts'
import { createRecent } from './recent.ts'

const WINDOW_SECONDS = 60

/** How many valid tokens are remembered, and for how long. */
const MAX_VALID_TOKENS = 10_000
const VALID_TOKEN_TTL_MS = 3_600_000

/** Subjects whose tokens were valid. */
const MAX_SUBJECTS = 10_000
const SUBJECT_TTL_MS = 30 * 86_400_000

/** A token that could not be verified may be valid soon, when the keys of the provider were fetched again. */
const MAX_INVALID_TOKENS = 10_000
const INVALID_TOKEN_TTL_MS = 3_000

/** What is known about a token before its signature is checked. */
export type Plausibility =
  /** An API key. `isValid` looks it up among the hashes of all valid keys, which are in memory. */
  | { readonly kind: 'key'; isValid(): Promise<boolean> }
  /** A JWT; `subject` is undefined when its claims are not those of a valid token, whatever its signature is. */
  | { readonly kind: 'jwt'; readonly subject: string | undefined }

interface FailedLogins {
  /**
   * Call before the token is checked.
   *
   * @throws WaybillError RATE_LIMITED when the network is blocked, and the token is invalid or cannot be checked now
   */
  admit(network: string, token: string | undefined): Promise<void>
  /** Counts an invalid token. @throws WaybillError RATE_LIMITED when the quota is exceeded */
  fail(network: string, token: string | undefined): Promise<void>
  /** Remembers a valid token, and its subject. */
  succeed(token: string): void
}

/** @param assess costs no query and no check of a signature, unless `isValid` is called */
export function createFailedLogins({
  config,
  counters,
  assess,
}: {
  readonly config: Config
  readonly counters: Counters
  readonly assess: (token: string) => Plausibility
}): FailedLogins {
  // Without a separate quota, failed requests count like all requests of the address.
  const quota = config.RATE_LIMIT_FAILED_LOGINS || config.RATE_LIMIT_PER_ADDRESS
  const counter = counters.create('failed-logins', WINDOW_SECONDS)
  // In memory and not in Redis: a lookup there would add a round trip to every request.
  const blockedUntil = new Map<string, number>()
  const validTokens = createRecent(MAX_VALID_TOKENS, VALID_TOKEN_TTL_MS)
  const invalidTokens = createRecent(MAX_INVALID_TOKENS, INVALID_TOKEN_TTL_MS)
  const subjects = createRecent(MAX_SUBJECTS, SUBJECT_TTL_MS)
  const budget = createCheckBudget()

  /** Undefined when the token may be checked; else the seconds to wait. */
  const waitFor = async (network: string, token: string, blockedSeconds: number): Promise<number | undefined> => {
    const hash = digest(token)
    if (validTokens.has(hash)) return undefined
    const plausibility = assess(token)
    if (plausibility.kind === 'key') return (await plausibility.isValid()) ? undefined : blockedSeconds
    const { subject } = plausibility
    if (subject === undefined || invalidTokens.has(hash)) return blockedSeconds
    const isFree = subjects.has(digest(subject))
      ? budget.take(`${network} ${subject}`, CHECKS_PER_SUBJECT)
      : budget.take(network, CHECKS_PER_ADDRESS)
    // The token may be valid, so its holder should come back soon.
    return isFree ? undefined : 1
  }

  return {
    async admit(network, token) {
      const until = blockedUntil.get(network)
      if (until === undefined) return
      const now = Date.now()
      if (until <= now) return void blockedUntil.delete(network)
      const blockedSeconds = Math.ceil((until - now) / 1000)
      const wait = token === undefined ? blockedSeconds : await waitFor(network, token, blockedSeconds)
      if (wait !== undefined) throw rateLimited(quota, wait)
    },
    async fail(network, token) {
      if (quota === 0) return
      if (token !== undefined) {
        const hash = digest(token)
        validTokens.remove(hash)
        invalidTokens.add(hash)
      }
      const { used, resetIn } = await counter.add(network)
      if (used <= quota) return
      blockedUntil.set(network, Date.now() + resetIn)
      setTimeout(() => blockedUntil.delete(network), resetIn).unref()
      throw rateLimited(quota, Math.ceil(resetIn / 1000))
    },
    succeed(token) {
      if (quota === 0) return
      const hash = digest(token)
      const isKnown = validTokens.has(hash)
      validTokens.add(hash)
      if (isKnown) return
      const plausibility = assess(token)
      if (plausibility.kind === 'jwt' && plausibility.subject !== undefined) subjects.add(digest(plausibility.subject))
    },
  }
}

function rateLimited(quota: number, seconds: number): WaybillError {
  const message = `Your address has sent more than ${quota} requests without a valid token in a minute.`
  return new WaybillError('RATE_LIMITED', message, { retryAfter: seconds })
}

/** Tokens are secrets: only their hashes stay in memory. */
function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64')
}
