// The client of the page: it sends the session's token, renews it, and reports the state of the connection.
import {
  type ApiKey,
  type AuditEvent,
  createClient,
  type Dataset,
  type Export,
  type ExportEvent,
  type Me,
  type Preview,
  type System,
  type WebhookDelivery,
  type WebhookEndpoint,
} from '@waybill/client'
import type { ExportRequestInput } from '@waybill/shared/vocabulary/export.ts'
import { reportAttempt } from './data/connection.ts'
import { renewToken } from './data/renewal.ts'
import { sessionStore } from './data/session.ts'

export type {
  ApiKey,
  AuditEvent,
  Dataset,
  Export,
  ExportEvent,
  ExportRequestInput,
  Me,
  Preview,
  System,
  WebhookDelivery as Delivery,
  WebhookEndpoint as Endpoint,
}

const OPTIONS = {
  url: location.origin,
  // The query client retries, so that leaving a view ends its retries.
  retries: 0,
  onAttempt: reportAttempt,
  // The browser's own cache would keep answers longer than the session.
  fetch: (input: RequestInfo | URL, init?: RequestInit) => fetch(input, { ...init, cache: 'no-store' }),
}

export const api = createClient({ ...OPTIONS, key: () => sessionStore.get().session?.token, renewKey: renewToken })

/** The caller that a key belongs to, before it becomes the session's. */
export function readCaller(key: string): Promise<Me> {
  return createClient({ ...OPTIONS, key }).me.get()
}
