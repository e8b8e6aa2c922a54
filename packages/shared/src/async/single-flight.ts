// One call for all concurrent callers, whose result may be reused for a short time.

/** @param cacheMs how long a result is reused, failures included; 0 shares only the call that is under way */
export function singleFlight<T>(cacheMs: number, call: () => Promise<T>): () => Promise<T> {
  let latest: Promise<T> | undefined
  let expiresAt = Number.POSITIVE_INFINITY
  return () => {
    if (latest !== undefined && performance.now() < expiresAt) return latest
    expiresAt = Number.POSITIVE_INFINITY // until the call has ended
    latest = call().finally(() => {
      expiresAt = performance.now() + cacheMs
    })
    return latest
  }
}
