// `client.exports`: request, wait for, download, cancel and remove exports.
import type { ExportEvent, ExportEventList, ExportEventListQuery } from '@waybill/shared/contract/events.ts'
import type {
  Export,
  ExportList,
  ExportListQuery,
  ExportRequestBody,
  Download as Link,
} from '@waybill/shared/contract/exports.ts'
import type { HistoryItem, HistoryQuery } from '@waybill/shared/contract/history.ts'
import type { Manifest } from '@waybill/shared/contract/manifest.ts'
import type { Preview } from '@waybill/shared/contract/preview.ts'
import type { DeliveryBody } from '@waybill/shared/contract/webhooks.ts'
import type { Download, DownloadOptions } from '../download/download.ts'
import { WaybillError } from '../http/errors.ts'
import { type CsvPage, csvPage, items } from '../http/pages.ts'
import { type Polled, poll } from '../http/poll.ts'
import { newRequestKey } from '../http/request-key.ts'
import { type CallOptions, type Sent, segment, type Transport } from '../http/transport.ts'
import { type WaitOptions, wait } from '../http/wait.ts'

/** The format follows from the method. */
type ListQuery = Omit<ExportListQuery, 'format'>

export interface CreateOptions extends CallOptions {
  /**
   * Within 24 hours, the same key and request return the same export. By default each call has its own key, so that
   * its retries never create two exports.
   */
  readonly idempotencyKey?: string | undefined
}

export function createExports(transport: Transport) {
  const at = (id: string, rest = '') => `/v1/exports/${segment(id)}${rest}`
  const get = async (id: string, { signal }: CallOptions = {}): Promise<Export> =>
    (await transport.send<Export>({ path: at(id), signal })).body

  return {
    /** Requests an export. It is queued when this returns; `wait` for its end. */
    async create(request: ExportRequestBody, { idempotencyKey, signal }: CreateOptions = {}): Promise<Export> {
      const headers = { 'Idempotency-Key': idempotencyKey ?? newRequestKey() }
      const call = { method: 'POST', path: '/v1/exports', body: request, headers, isIdempotent: true, signal } as const
      return (await transport.send<Export>(call)).body
    },

    get,

    /** Polls until the file is ready. @throws WaybillError with `export` when it failed or was canceled */
    wait: (id: string, options: WaitOptions = {}): Promise<Export> => wait(transport, at(id), options),

    /** Starts the download. It resumes after a lost connection and verifies the SHA-256. */
    async download(id: string, options: DownloadOptions = {}): Promise<Download> {
      // Loaded when it is needed: a page that only lists exports does not carry SHA-256.
      const { download } = await import('../download/download.ts')
      return download(transport, { path: at(id, '/download'), get: (signal) => get(id, { signal }) }, options)
    },

    /** A signed link to the file that needs no key. The audit trail records it. */
    async downloadLink(id: string, { signal }: CallOptions = {}): Promise<Link> {
      const call = { path: at(id, '/download'), query: { redirect: 'false' }, signal }
      return (await transport.send<Link>(call)).body
    },

    /** Every export, newest first. Pages are requested while you iterate. */
    list: (query: Sent<ListQuery> = {}, options: CallOptions = {}): AsyncGenerator<Export, void, void> =>
      items<Export>(transport, '/v1/exports', { ...query }, options),

    /** One page of the list as CSV. */
    csvPage: (query: Sent<ListQuery> = {}, options: CallOptions = {}): Promise<CsvPage> =>
      csvPage(transport, '/v1/exports', { ...query }, options),

    /** One page of the list. */
    async page(query: Sent<ListQuery> = {}, { signal }: CallOptions = {}): Promise<ExportList> {
      return (await transport.send<ExportList>({ path: '/v1/exports', query: { ...query }, signal })).body
    },

    /** As `get`, with ETag: see `Polled`. */
    poll: (id: string, previous?: Polled<Export>, { signal }: CallOptions = {}): Promise<Polled<Export>> =>
      poll(transport, { path: at(id), signal }, previous),

    /** As `page`, with ETag: see `Polled`. */
    pollPage: (
      query: Sent<ListQuery>,
      previous?: Polled<ExportList>,
      { signal }: CallOptions = {},
    ): Promise<Polled<ExportList>> => poll(transport, { path: '/v1/exports', query: { ...query }, signal }, previous),

    /** Stops the export. @throws WaybillError EXPORT_ENDED when it has ended in another way */
    async cancel(id: string, { signal }: CallOptions = {}): Promise<Export> {
      try {
        const call = { method: 'POST', path: at(id, '/cancel'), isIdempotent: true, signal } as const
        return (await transport.send<Export>(call)).body
      } catch (error) {
        if (!(error instanceof WaybillError) || error.code !== 'EXPORT_ENDED') throw error
        // An earlier attempt of this call may have canceled it, and its answer was lost.
        const found = await get(id, { signal })
        if (found.status === 'canceled') return found
        throw error
      }
    },

    /**
     * Removes the file now. The export stays in the list, as `expired`.
     *
     * @returns `isRemoved`: false when the storage could not remove the file yet; the server repeats it until it succeeds
     */
    async remove(id: string, { signal }: CallOptions = {}): Promise<{ readonly isRemoved: boolean }> {
      const { status } = await transport.send({ method: 'DELETE', path: at(id), signal })
      return { isRemoved: status !== 202 }
    },

    /** The whole audit trail of the export, oldest first. It may be long: see `eachEvent`. */
    async events(id: string, options: CallOptions = {}): Promise<ExportEvent[]> {
      const events: ExportEvent[] = []
      for await (const event of items<ExportEvent>(transport, at(id, '/events'), {}, options)) events.push(event)
      return events
    },

    /** The audit trail of the export, oldest first. Pages are requested while you iterate. */
    eachEvent: (
      id: string,
      query: Sent<ExportEventListQuery> = {},
      options: CallOptions = {},
    ): AsyncGenerator<ExportEvent, void, void> =>
      items<ExportEvent>(transport, at(id, '/events'), { ...query }, options),

    /** One page of the audit trail of the export. */
    async eventsPage(
      id: string,
      query: Sent<ExportEventListQuery> = {},
      { signal }: CallOptions = {},
    ): Promise<ExportEventList> {
      return (await transport.send<ExportEventList>({ path: at(id, '/events'), query: { ...query }, signal })).body
    },

    /** The webhook deliveries of the export, newest first. */
    deliveries: (id: string, options: CallOptions = {}): AsyncGenerator<DeliveryBody, void, void> =>
      items<DeliveryBody>(transport, at(id, '/deliveries'), {}, options),

    /** The manifest, which proves that the file is complete. */
    async manifest(id: string, { signal }: CallOptions = {}): Promise<Manifest> {
      return (await transport.send<Manifest>({ path: at(id, '/manifest'), signal })).body
    },

    /** The first rows as they would be in the file, and the estimated number of rows. Nothing is stored. */
    async preview(request: ExportRequestBody, { signal }: CallOptions = {}): Promise<Preview> {
      const call = { method: 'POST', path: '/v1/exports/preview', body: request, isIdempotent: true, signal } as const
      return (await transport.send<Preview>(call)).body
    },

    /** The list in the form of GAME's original export service. */
    async history(
      query: Sent<Omit<HistoryQuery, 'format'>> = {},
      { signal }: CallOptions = {},
    ): Promise<HistoryItem[]> {
      return (await transport.send<HistoryItem[]>({ path: '/v1/exports/history', query: { ...query }, signal })).body
    },
  }
}
