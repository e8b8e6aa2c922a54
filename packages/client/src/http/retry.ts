// Which calls are retried, and after which delay.
import { WaybillError } from './errors.ts'

export interface RetryPolicy {
  /** The maximum number of retries. */
  readonly retries: number
  /** Milliseconds for which a call is retried, instead of a number of `retries`. */
  readonly retryFor?: number | undefined
  /** Receives the error and the delay in milliseconds before each retry. */
  readonly onRetry?: ((error: WaybillError, delay: number) => void) | undefined
}

const FIRST_DELAY_MS = 250
const MAX_DELAY_MS = 20_000

/** With a longer Retry-After, the call fails and the caller decides. */
const MAX_RETRY_AFTER_MS = 60_000

/**
 * Whether a call may be retried after this error. A 429 always, because the server has done nothing. An error after which
 * the call may have been executed, only if a repetition is safe.
 */
export function isWorthRetrying(error: WaybillError, isIdempotent: boolean): boolean {
  if ((error.retryAfter ?? 0) > MAX_RETRY_AFTER_MS) return false
  if (error.status === 429) return true
  return isIdempotent && (error.code === 'NETWORK' || [502, 503, 504].includes(error.status ?? 0))
}

/** Exponential backoff with jitter, so that clients do not retry at the same time. At least Retry-After. */
export function retryDelay(attempt: number, retryAfter = 0, random: () => number = Math.random): number {
  const backoff = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** attempt) * (0.5 + random() / 2)
  return Math.max(backoff, retryAfter * (1 + random() / 5))
}

/** Runs `attempt` until it succeeds or cannot be retried. @throws the error of the last attempt */
export async function withRetries<T>(
  attempt: () => Promise<T>,
  { retries, retryFor, onRetry }: RetryPolicy,
  isIdempotent: boolean,
  signal: AbortSignal | undefined,
): Promise<T> {
  const startedAt = performance.now()
  const isExhausted = (attempts: number) =>
    retryFor === undefined ? attempts >= retries : performance.now() - startedAt >= retryFor
  for (let attempts = 0; ; attempts += 1) {
    try {
      return await attempt()
    } catch (error) {
      signal?.throwIfAborted()
      if (!(error instanceof WaybillError) || isExhausted(attempts) || !isWorthRetrying(error, isIdempotent))
        throw error
      const delay = retryDelay(attempts, error.retryAfter)
      onRetry?.(error, delay)
      await sleep(delay, signal)
    }
  }
}

/** @throws the signal's reason when it is aborted */
export function sleep(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const abort = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort)
      resolve()
    }, milliseconds)
    signal?.addEventListener('abort', abort, { once: true })
  })
}
