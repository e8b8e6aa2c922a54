// The vocabulary of webhooks: which events there are, and the body that tells of one.
import { ERRORS, type ErrorCode } from './errors.ts'

/** Each is also an event of the trail. */
export const WEBHOOK_EVENTS = ['export.completed', 'export.failed', 'export.canceled', 'export.expired'] as const
export type WebhookEvent = (typeof WEBHOOK_EVENTS)[number]

/** What an admin sends to see whether an endpoint works: tells of no export, and is tried once. */
export const TEST_EVENT = 'webhook.test'

export function isWebhookEvent(type: string): type is WebhookEvent {
  return (WEBHOOK_EVENTS as readonly string[]).includes(type)
}

/** What a delivery holds of an export, as `announce` writes it. */
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
 * The body, the same at every try. It holds no signed URL: `download` asks for the caller's token first.
 *
 * @param publicUrl where callers reach the API, without a slash at its end
 */
export function webhookBody({ type, createdAt, data }: Announcement, publicUrl: string): string {
  const timestamp = createdAt.toISOString()
  if (!isWebhookEvent(type)) return JSON.stringify({ type, timestamp, data })
  const { id, dataset, format, status, rowCount, bytes, sha256, error } = data as AnnouncedExport
  const self = `${publicUrl}/v1/exports/${id}`
  const links = { self, download: status === 'completed' ? `${self}/download` : null }
  const told = error === null ? null : { ...error, retryable: isRetryable(error.code) }
  return JSON.stringify({
    type,
    timestamp,
    data: { id, dataset, format, status, rowCount, bytes, sha256, error: told, links },
  })
}

function isRetryable(code: string): boolean {
  return Object.hasOwn(ERRORS, code) && ERRORS[code as ErrorCode].retryable
}
