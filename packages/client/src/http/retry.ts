// When a call is tried again, and after how long.
import { WaybillError } from './errors.ts'

export interface RetryPolicy {
  /** How often a call is tried again; 0: never. */
  readonly retries: number
  /** Told before each wait: what went wrong, and how many milliseconds until the next try. */
  readonly onRetry?: ((error: WaybillError, delay: number) => void) | undefined
}

const FIRST_DELAY = 250
const LONGEST_DELAY = 20_000

/** Milliseconds of a server's Retry-After beyond which it is for the caller to wait. */
const PATIENCE = 60_000

/**
 * Whether a failure may be followed by another try. What was refused before anything was done always may (429); what
 * may or may not have been done only where a second time does no harm.
 */
export function isWorthRetrying(error: WaybillError, isIdempotent: boolean): boolean {
  if ((error.retryAfter ?? 0) > PATIENCE) return false
  if (error.status === 429) return true
  return isIdempotent && (error.code === 'NETWORK' || [502, 503, 504].includes(error.status ?? 0))
}

/** Exponential, with jitter, so that clients that failed together do not come back together; at least Retry-After. */
export function retryDelay(attempt: number, retryAfter = 0, random: () => number = Math.random): number {
  const backoff = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** attempt) * (0.5 + random() / 2)
  return Math.max(backoff, retryAfter * (1 + random() / 5))
}

/** Runs `attempt` until it succeeds or is not worth another try. @throws what the last try threw */
export async function withRetries<T>(
  attempt: () => Promise<T>,
  { retries, onRetry }: RetryPolicy,
  isIdempotent: boolean,
  signal: AbortSignal | undefined,
): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await attempt()
    } catch (error) {
      signal?.throwIfAborted()
      if (!(error instanceof WaybillError) || tries >= retries || !isWorthRetrying(error, isIdempotent)) throw error
      const delay = retryDelay(tries, error.retryAfter)
      onRetry?.(error, delay)
      await sleep(delay, signal)
    }
  }
}

/** @throws the signal's reason as soon as it is aborted */
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
