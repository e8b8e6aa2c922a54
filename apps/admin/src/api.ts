// Every API call of the page.
import type { ApiKeyBody, CreatedApiKeyBody, NewApiKeyBody } from '@waybill/shared/contract/api-keys.ts'
import type { AuditEventBody } from '@waybill/shared/contract/audit.ts'
import type { DatasetBody } from '@waybill/shared/contract/datasets.ts'
import type { ExportEvent } from '@waybill/shared/contract/events.ts'
import type { Export, ExportList } from '@waybill/shared/contract/exports.ts'
import type { Me } from '@waybill/shared/contract/me.ts'
import type { Preview } from '@waybill/shared/contract/preview.ts'
import type { System } from '@waybill/shared/contract/system.ts'
import type {
  DeliveryBody,
  EndpointBody,
  EndpointWithSecretBody,
  NewEndpointBody,
} from '@waybill/shared/contract/webhooks.ts'
import type { ExportRequestInput } from '@waybill/shared/vocabulary/export.ts'
import { poll, send } from './data/http.ts'

export type {
  ApiKeyBody as ApiKey,
  AuditEventBody as AuditEvent,
  DatasetBody as Dataset,
  DeliveryBody as Delivery,
  EndpointBody as Endpoint,
  Export,
  ExportEvent,
  ExportRequestInput,
  Me,
  Preview,
  System,
}

interface Items<T> {
  readonly items: T[]
}

interface Paged<T> extends Items<T> {
  readonly nextCursor: string | null
}

const id = encodeURIComponent
const ENDPOINTS = '/v1/webhook-endpoints'

export const api = {
  /** @param token a key to check before it becomes the session's */
  me: async (token?: string) => (await send<Me>('GET', '/v1/me', token === undefined ? {} : { token })).body,
  datasets: async (signal: AbortSignal) =>
    (await send<Items<DatasetBody>>('GET', '/v1/datasets', { signal })).body.items,

  exports: (query: string, signal: AbortSignal) => poll<ExportList>(`/v1/exports?${query}`, signal),
  export: (exportId: string, signal: AbortSignal) => poll<Export>(`/v1/exports/${id(exportId)}`, signal),
  events: async (exportId: string, signal: AbortSignal) =>
    (await send<Items<ExportEvent>>('GET', `/v1/exports/${id(exportId)}/events`, { signal })).body.items,
  preview: async (request: ExportRequestInput, signal: AbortSignal) =>
    (await send<Preview>('POST', '/v1/exports/preview', { body: request, signal })).body,
  /** @param key the Idempotency-Key, so that the request can be repeated safely */
  createExport: async (request: ExportRequestInput, key: string) =>
    (await send<Export>('POST', '/v1/exports', { body: request, headers: { 'Idempotency-Key': key } })).body,
  cancelExport: async (exportId: string) => (await send<Export>('POST', `/v1/exports/${id(exportId)}/cancel`)).body,
  removeFile: async (exportId: string) => void (await send('DELETE', `/v1/exports/${id(exportId)}`)),
  /** A new signed link. The audit trail records it. */
  downloadLink: async (exportId: string) =>
    (await send<{ url: string }>('GET', `/v1/exports/${id(exportId)}/download?redirect=false`)).body.url,

  apiKeys: async (signal: AbortSignal) => (await send<Items<ApiKeyBody>>('GET', '/v1/api-keys', { signal })).body.items,
  createApiKey: async (key: NewApiKeyBody) =>
    (await send<CreatedApiKeyBody>('POST', '/v1/api-keys', { body: key })).body,
  revokeApiKey: async (keyId: string) => void (await send('DELETE', `/v1/api-keys/${id(keyId)}`)),
  /** @param overlap how long the old key stays valid, for example `1h` */
  rotateApiKey: async (keyId: string, overlap: string) =>
    (await send<CreatedApiKeyBody>('POST', `/v1/api-keys/${id(keyId)}/rotate`, { body: { overlap } })).body,

  endpoints: async (signal: AbortSignal) => (await send<Items<EndpointBody>>('GET', ENDPOINTS, { signal })).body.items,
  createEndpoint: async (endpoint: NewEndpointBody) =>
    (await send<EndpointWithSecretBody>('POST', ENDPOINTS, { body: endpoint })).body,
  changeEndpoint: async (endpointId: string, change: { enabled: boolean }) =>
    (await send<EndpointBody>('PATCH', `${ENDPOINTS}/${id(endpointId)}`, { body: change })).body,
  removeEndpoint: async (endpointId: string) => void (await send('DELETE', `${ENDPOINTS}/${id(endpointId)}`)),
  rotateSecret: async (endpointId: string) =>
    (await send<EndpointWithSecretBody>('POST', `${ENDPOINTS}/${id(endpointId)}/rotate-secret`)).body,
  testEndpoint: async (endpointId: string) => void (await send('POST', `${ENDPOINTS}/${id(endpointId)}/test`)),
  /** @param cursor `nextCursor` of the previous page; null for the newest deliveries */
  deliveries: async (endpointId: string, cursor: string | null, signal: AbortSignal) => {
    const query = cursor === null ? '' : `?cursor=${id(cursor)}`
    const path = `${ENDPOINTS}/${id(endpointId)}/deliveries${query}`
    return (await send<Paged<DeliveryBody>>('GET', path, { signal })).body
  },
  redeliver: async (deliveryId: string) =>
    void (await send('POST', `/v1/webhook-deliveries/${id(deliveryId)}/redeliver`)),

  audit: async (query: string, signal: AbortSignal) =>
    (await send<Paged<AuditEventBody>>('GET', `/v1/audit?${query}`, { signal })).body,

  system: (signal: AbortSignal) => poll<System>('/v1/system', signal),
}
