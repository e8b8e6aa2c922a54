// `client.exports`: ask, look, follow, take, cancel, remove.
import type { ExportEvent } from '@waybill/shared/contract/events.ts'
import type { Export, ExportList, ExportListQuery, ExportRequestBody } from '@waybill/shared/contract/exports.ts'
import type { HistoryItem, HistoryQuery } from '@waybill/shared/contract/history.ts'
import type { Manifest } from '@waybill/shared/contract/manifest.ts'
import type { Preview } from '@waybill/shared/contract/preview.ts'
import type { DeliveryBody } from '@waybill/shared/contract/webhooks.ts'
import { type Download, type DownloadOptions, download } from '../download/download.ts'
import { WaybillError } from '../http/errors.ts'
import { items } from '../http/pages.ts'
import { newRequestKey } from '../http/request-key.ts'
import { type CallOptions, type Sent, segment, type Transport } from '../http/transport.ts'
import { type WaitOptions, wait } from '../http/wait.ts'

export interface CreateOptions extends CallOptions {
  /**
   * The same key and request give the same export, for 24 hours. By default each call has a key of its own, so that
   * its retries never make two exports.
   */
  readonly idempotencyKey?: string | undefined
}

export function createExports(transport: Transport) {
  const at = (id: string, rest = '') => `/v1/exports/${segment(id)}${rest}`
  const get = async (id: string, { signal }: CallOptions = {}): Promise<Export> =>
    (await transport.send<Export>({ path: at(id), signal })).body

  return {
    /** Asks for an export. It is queued when this returns; `wait` for its end. */
    async create(request: ExportRequestBody, { idempotencyKey, signal }: CreateOptions = {}): Promise<Export> {
      const headers = { 'Idempotency-Key': idempotencyKey ?? newRequestKey() }
      const call = { method: 'POST', path: '/v1/exports', body: request, headers, isIdempotent: true, signal } as const
      return (await transport.send<Export>(call)).body
    },

    get,

    /** Polls until the export has its file. @throws WaybillError when it failed or was canceled, with `export` */
    wait: (id: string, options: WaitOptions = {}): Promise<Export> => wait(transport, at(id), options),

    /** Starts the download of the file; what arrives is checked, and goes on where a connection broke. */
    download: (id: string, options: DownloadOptions = {}): Promise<Download> =>
      download(transport, { path: at(id, '/download'), get: (signal) => get(id, { signal }) }, options),

    /** All of them, newest first, page by page as you go. */
    list: (query: Sent<ExportListQuery> = {}, options: CallOptions = {}): AsyncGenerator<Export, void, void> =>
      items<Export>(transport, '/v1/exports', { ...query }, options),

    /** One page of the list. */
    async page(query: Sent<ExportListQuery> = {}, { signal }: CallOptions = {}): Promise<ExportList> {
      return (await transport.send<ExportList>({ path: '/v1/exports', query: { ...query }, signal })).body
    },

    /** Makes sure that the export does not go on. @throws WaybillError EXPORT_ENDED when it has ended otherwise */
    async cancel(id: string, { signal }: CallOptions = {}): Promise<Export> {
      try {
        const call = { method: 'POST', path: at(id, '/cancel'), isIdempotent: true, signal } as const
        return (await transport.send<Export>(call)).body
      } catch (error) {
        if (!(error instanceof WaybillError) || error.code !== 'EXPORT_ENDED') throw error
        // It may have been us, in a try whose answer was lost.
        const found = await get(id, { signal })
        if (found.status === 'canceled') return found
        throw error
      }
    },

    /** Removes the file now; the row stays, as `expired`. */
    async remove(id: string, { signal }: CallOptions = {}): Promise<void> {
      await transport.send({ method: 'DELETE', path: at(id), signal })
    },

    /** The trail of the export, oldest first. */
    async events(id: string, { signal }: CallOptions = {}): Promise<ExportEvent[]> {
      return (await transport.send<{ items: ExportEvent[] }>({ path: at(id, '/events'), signal })).body.items
    },

    /** What was told of it to webhooks, newest first. */
    deliveries: (id: string, options: CallOptions = {}): AsyncGenerator<DeliveryBody, void, void> =>
      items<DeliveryBody>(transport, at(id, '/deliveries'), {}, options),

    /** The proof that the file is complete. */
    async manifest(id: string, { signal }: CallOptions = {}): Promise<Manifest> {
      return (await transport.send<Manifest>({ path: at(id, '/manifest'), signal })).body
    },

    /** The first rows as the file would have them, and how many there may be. Nothing is kept of it. */
    async preview(request: ExportRequestBody, { signal }: CallOptions = {}): Promise<Preview> {
      const call = { method: 'POST', path: '/v1/exports/preview', body: request, isIdempotent: true, signal } as const
      return (await transport.send<Preview>(call)).body
    },

    /** The list as GAME's original export service had it. */
    async history(query: Sent<HistoryQuery> = {}, { signal }: CallOptions = {}): Promise<HistoryItem[]> {
      return (await transport.send<HistoryItem[]>({ path: '/v1/exports/history', query: { ...query }, signal })).body
    },
  }
}
