// Parses the header Retry-After, which the API sends to its clients and receivers of webhooks send to the worker.

/**
 * @param text seconds or an HTTP date (RFC 9110, 10.2.3)
 * @returns milliseconds from `now`; undefined if there is no valid header
 */
export function parseRetryAfter(text: string | null | undefined, now = Date.now()): number | undefined {
  const value = text?.trim() ?? ''
  if (/^\d+$/.test(value)) return Number(value) * 1_000
  // `Date.parse` accepts almost any text, but an HTTP date ends in GMT.
  const date = value.endsWith('GMT') ? Date.parse(value) : Number.NaN
  return Number.isNaN(date) ? undefined : Math.max(0, date - now)
}
