// Which errors of the service are temporary.
import { WaybillError } from '@waybill/client'

const TEMPORARY: ReadonlySet<string> = new Set([
  'NETWORK',
  'DATABASE_UNAVAILABLE',
  'IDENTITY_PROVIDER_UNAVAILABLE',
  'RATE_LIMITED',
])

/** Whether the same request may succeed in a moment. */
export function isTemporary(error: Error): boolean {
  if (!(error instanceof WaybillError)) return false
  // A proxy whose service is restarting.
  if (error.code === 'UNEXPECTED_ANSWER') return (error.status ?? 0) >= 502
  return TEMPORARY.has(error.code)
}
