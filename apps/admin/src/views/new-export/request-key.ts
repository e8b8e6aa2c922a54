// Creates the Idempotency-Key of one request.

/** Not crypto.randomUUID: browsers have it only on pages with HTTPS. */
export function newRequestKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return `page-${[...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`
}
