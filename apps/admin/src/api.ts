// Every call of the service that the page makes, by what it is for.
import type { ApiKeyBody } from '@waybill/shared/contract/api-keys.ts'
import type { DatasetBody } from '@waybill/shared/contract/datasets.ts'
import type { ExportEvent } from '@waybill/shared/contract/events.ts'
import type { Export, ExportList } from '@waybill/shared/contract/exports.ts'
import type { Me } from '@waybill/shared/contract/me.ts'
import type { Preview } from '@waybill/shared/contract/preview.ts'
import type { System } from '@waybill/shared/contract/system.ts'
import type { ExportRequestInput } from '@waybill/shared/export.ts'
import { poll, send } from './data/http.ts'

export type {
  ApiKeyBody as ApiKey,
  DatasetBody as Dataset,
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

export interface NewApiKey {
  readonly name: string
  readonly role: Me['role']
  readonly datasets: readonly string[]
  readonly expiresAt?: string
}

const id = encodeURIComponent

export const api = {
  /** @param token of somebody who is about to sign in */
  me: async (token?: string) => (await send<Me>('GET', '/v1/me', token === undefined ? {} : { token })).body,
  datasets: async (signal: AbortSignal) =>
    (await send<Items<DatasetBody>>('GET', '/v1/datasets', { signal })).body.items,

  exports: (query: string, signal: AbortSignal) => poll<ExportList>(`/v1/exports?${query}`, signal),
  export: (exportId: string, signal: AbortSignal) => poll<Export>(`/v1/exports/${id(exportId)}`, signal),
  events: async (exportId: string, signal: AbortSignal) =>
    (await send<Items<ExportEvent>>('GET', `/v1/exports/${id(exportId)}/events`, { signal })).body.items,
  preview: async (request: ExportRequestInput, signal: AbortSignal) =>
    (await send<Preview>('POST', '/v1/exports/preview', { body: request, signal })).body,
  /** @param key makes a repeat of the very same request safe */
  createExport: async (request: ExportRequestInput, key: string) =>
    (await send<Export>('POST', '/v1/exports', { body: request, headers: { 'Idempotency-Key': key } })).body,
  cancelExport: async (exportId: string) => (await send<Export>('POST', `/v1/exports/${id(exportId)}/cancel`)).body,
  removeFile: async (exportId: string) => void (await send('DELETE', `/v1/exports/${id(exportId)}`)),
  /** A fresh link, which the trail will know of. */
  downloadLink: async (exportId: string) =>
    (await send<{ url: string }>('GET', `/v1/exports/${id(exportId)}/download?redirect=false`)).body.url,

  apiKeys: async (signal: AbortSignal) => (await send<Items<ApiKeyBody>>('GET', '/v1/api-keys', { signal })).body.items,
  createApiKey: async (key: NewApiKey) =>
    (await send<ApiKeyBody & { key: string }>('POST', '/v1/api-keys', { body: key })).body,
  revokeApiKey: async (keyId: string) => void (await send('DELETE', `/v1/api-keys/${id(keyId)}`)),
  rotateApiKey: async (keyId: string) =>
    (await send<ApiKeyBody & { key: string }>('POST', `/v1/api-keys/${id(keyId)}/rotate`)).body,

  system: (signal: AbortSignal) => poll<System>('/v1/system', signal),
}
