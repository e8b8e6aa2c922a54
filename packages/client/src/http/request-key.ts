// Makes the Idempotency-Key of one request.

/** Not crypto.randomUUID, which browsers have only where the page was served over HTTPS or from localhost. */
export function newRequestKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return `client-${[...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`
}
