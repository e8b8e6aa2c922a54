// Creates the Idempotency-Key of one request.

/** Does not use crypto.randomUUID: browsers have it only on pages from HTTPS or localhost. */
export function newRequestKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return `client-${[...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`
}
