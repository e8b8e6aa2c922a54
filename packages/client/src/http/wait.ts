// Follows an export to its end by polling, as gently as the server asks.
import type { Export } from '@waybill/shared/contract/exports.ts'
import { WaybillError } from './errors.ts'
import { sleep } from './retry.ts'
import { type Answer, type CallOptions, readRetryAfter, type Transport } from './transport.ts'

export interface WaitOptions extends CallOptions {
  /** Told whenever something has changed, the first state and the last one too. */
  readonly onProgress?: ((found: Export) => void) | undefined
}

/** Milliseconds between two looks where the server does not say. */
const INTERVAL = 1_000

/** @throws WaybillError with the code of the export's own failure, or EXPORT_CANCELED; `export` is on it */
export async function wait(transport: Transport, path: string, { signal, onProgress }: WaitOptions): Promise<Export> {
  let etag: string | null = null
  for (;;) {
    const headers: Record<string, string> = etag === null ? {} : { 'If-None-Match': etag }
    const answer: Answer<Export> = await transport.send<Export>({ path, headers, signal })
    if (answer.status !== 304) {
      const { body } = answer
      etag = answer.headers.get('etag')
      onProgress?.(body)
      if (body.status !== 'queued' && body.status !== 'running') return withFile(body)
    }
    await sleep(readRetryAfter(answer.headers) ?? INTERVAL, signal)
  }
}

function withFile(ended: Export): Export {
  const details = { export: ended }
  switch (ended.status) {
    case 'failed': {
      const { code = 'INTERNAL', message = 'The export failed.' } = ended.error ?? {}
      // The server keeps to its table of codes; a newer one may have more.
      throw new WaybillError(code as WaybillError['code'], message, details)
    }
    case 'canceled':
      throw new WaybillError('EXPORT_CANCELED', 'The export was canceled.', details)
    case 'expired':
      throw new WaybillError('EXPORT_EXPIRED', 'The file has been removed. Ask for a new export.', details)
    case 'completed':
    case 'queued':
    case 'running':
      return ended
  }
}
