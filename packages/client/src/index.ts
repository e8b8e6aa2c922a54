// The public API of the package, for Node and browsers: the client, its error, its types.
// biome-ignore-all lint/performance/noBarrelFile: the public API of a package is one file.
export type {
  ApiKeyBody as ApiKey,
  ApiKeyPatchBody as ApiKeyPatch,
  CreatedApiKeyBody as CreatedApiKey,
  NewApiKeyBody as NewApiKey,
} from '@waybill/shared/contract/api-keys.ts'
export type { AuditEventBody as AuditEvent, AuditQuery } from '@waybill/shared/contract/audit.ts'
export type { DatasetBody as Dataset } from '@waybill/shared/contract/datasets.ts'
export type { ExportEvent, ExportEventList, ExportEventListQuery } from '@waybill/shared/contract/events.ts'
export type {
  Download as DownloadLink,
  Export,
  ExportList,
  ExportListQuery,
  ExportRequestBody as ExportRequest,
} from '@waybill/shared/contract/exports.ts'
export type { HistoryItem } from '@waybill/shared/contract/history.ts'
export type { Manifest } from '@waybill/shared/contract/manifest.ts'
export type { Me } from '@waybill/shared/contract/me.ts'
export type { Preview } from '@waybill/shared/contract/preview.ts'
export type { Problem } from '@waybill/shared/contract/problem.ts'
export type { System } from '@waybill/shared/contract/system.ts'
export type {
  CallerSecretBody as WebhookSecret,
  DeliveryBody as WebhookDelivery,
  EndpointBody as WebhookEndpoint,
  EndpointChangeBody as WebhookEndpointChange,
  EndpointWithSecretBody as WebhookEndpointWithSecret,
  NewEndpointBody as NewWebhookEndpoint,
  TryBody as WebhookTry,
  TryListQuery as WebhookTryListQuery,
} from '@waybill/shared/contract/webhooks.ts'
export { type ClientOptions, createClient, type WaybillClient } from './client.ts'
export type { Download, DownloadOptions } from './download/download.ts'
export { type ClientErrorCode, type ErrorCode, type FieldError, WaybillError } from './http/errors.ts'
export type { CsvPage, Page } from './http/pages.ts'
export type { Polled } from './http/poll.ts'
export { newRequestKey } from './http/request-key.ts'
export type { CallOptions } from './http/transport.ts'
export type { WaitOptions } from './http/wait.ts'
export type { CreateOptions } from './resources/exports.ts'
export { type VerifyOptions, verifyWebhook, type WebhookEvent } from './verify-webhook.ts'
