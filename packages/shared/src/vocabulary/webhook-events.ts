// The types of webhook events and the body of a delivery.
import { ERRORS, type ErrorCode } from './errors.ts'

/** Each is also an event type of the audit trail. */
export const WEBHOOK_EVENTS = ['export.completed', 'export.failed', 'export.canceled', 'export.expired'] as const
export type WebhookEvent = (typeof WEBHOOK_EVENTS)[number]

/** Sent by an admin to test an endpoint. It belongs to no export and is attempted once. */
export const TEST_EVENT = 'webhook.test'

export function isWebhookEvent(type: string): type is WebhookEvent {
  return (WEBHOOK_EVENTS as readonly string[]).includes(type)
}

/** The fields of an export in a delivery, as `announce` writes them. */
export interface AnnouncedExport {
  readonly id: string
  readonly dataset: string
  readonly format: string
  readonly status: string
  readonly rowCount: number | null
  readonly bytes: number | null
  readonly sha256: string | null
  readonly error: { readonly code: string; readonly message: string } | null
}

export interface Announcement {
  readonly type: string
  readonly createdAt: Date
  /** An {@link AnnouncedExport}, or `{ endpointId }` of a test event. */
  readonly data: unknown
}

/**
 * The body is the same at every attempt. It holds no signed URL: `links.download` requires the caller's token.
 *
 * @param publicUrl base URL of the API for callers, without a trailing slash
 */
export function webhookBody({ type, createdAt, data }: Announcement, publicUrl: string): string {
  const timestamp = createdAt.toISOString()
  if (!isWebhookEvent(type)) return testBody(timestamp, data as TestData, publicUrl)
  const { id, dataset, format, status, rowCount, bytes, sha256, error } = data as AnnouncedExport
  const self = `${publicUrl}/v1/exports/${id}`
  const links = { self, download: status === 'completed' ? `${self}/download` : null }
  const described = error === null ? null : { ...error, retryable: isRetryable(error.code) }
  return JSON.stringify({
    type,
    timestamp,
    data: { id, dataset, format, status, rowCount, bytes, sha256, error: described, links },
  })
}

interface TestData {
  readonly endpointId: string
}

/** A test has all fields of an export, so that a receiver handles it like any event. Its id is the endpoint's. */
function testBody(timestamp: string, { endpointId }: TestData, publicUrl: string): string {
  const nothing = { rowCount: 0, bytes: 0, sha256: null, error: null }
  const links = { self: `${publicUrl}/v1/webhook-endpoints/${endpointId}/deliveries`, download: null }
  const described = { dataset: 'test', format: 'csv', status: 'completed', ...nothing }
  return JSON.stringify({ type: TEST_EVENT, timestamp, data: { id: endpointId, ...described, links, endpointId } })
}

function isRetryable(code: string): boolean {
  return Object.hasOwn(ERRORS, code) && ERRORS[code as ErrorCode].retryable
}
