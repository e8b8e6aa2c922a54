// When a webhook that has not arrived is tried again.

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/** Milliseconds after the first, second, … try, as https://www.standardwebhooks.com recommends; then it has failed. */
const DELAYS = [
  5 * SECOND,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  14 * HOUR,
  20 * HOUR,
  24 * HOUR,
] as const

/** Up to this much is added by chance: what failed together must not come back together. */
const JITTER = 0.2

/** No receiver may ask for more patience. */
const LONGEST_WAIT = 24 * HOUR

/**
 * @param attempts that were made, this one included
 * @param retryAfter milliseconds that the receiver asks for: honoured where it is more than the schedule's
 * @returns milliseconds until the next try; undefined: there is none
 */
export function nextDelay(attempts: number, retryAfter = 0, random = Math.random()): number | undefined {
  const delay = DELAYS[attempts - 1]
  if (delay === undefined) return undefined
  return Math.round(Math.max(delay, Math.min(retryAfter, LONGEST_WAIT)) * (1 + JITTER * random))
}

/** Seconds or a date (RFC 9110, 10.2.3) to milliseconds from now; undefined: neither. */
export function parseRetryAfter(text: string | undefined, now = Date.now()): number | undefined {
  if (text === undefined) return undefined
  if (/^\d+$/.test(text.trim())) return Number(text) * SECOND
  // `Date.parse` makes a date of almost anything; HTTP's end in GMT.
  const date = text.trim().endsWith('GMT') ? Date.parse(text) : Number.NaN
  return Number.isNaN(date) ? undefined : Math.max(0, date - now)
}
