// The schedule of the attempts to deliver a webhook.

const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS

/** After the first, second, … attempt, as https://www.standardwebhooks.com recommends. After the last, the delivery fails. */
const RETRY_DELAYS_MS = [
  5 * SECOND_MS,
  5 * MINUTE_MS,
  30 * MINUTE_MS,
  2 * HOUR_MS,
  5 * HOUR_MS,
  10 * HOUR_MS,
  14 * HOUR_MS,
  20 * HOUR_MS,
  24 * HOUR_MS,
] as const

/** Up to this share of the delay is added at random, so that deliveries which failed together are not retried together. */
const MAX_JITTER_RATIO = 0.2

/** A longer Retry-After is cut to this. */
const MAX_RETRY_AFTER_MS = 24 * HOUR_MS

/**
 * @param attempts the number of attempts made, including this one
 * @param retryAfter milliseconds in the response of the receiver; used when longer than the delay of the schedule
 * @returns milliseconds until the next attempt; undefined: there is none
 */
export function nextDelay(attempts: number, retryAfter = 0, random = Math.random()): number | undefined {
  const delay = RETRY_DELAYS_MS[attempts - 1]
  if (delay === undefined) return undefined
  return Math.round(Math.max(delay, Math.min(retryAfter, MAX_RETRY_AFTER_MS)) * (1 + MAX_JITTER_RATIO * random))
}
