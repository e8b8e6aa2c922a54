// Waits for the end of an export by polling at the interval that the server gives.
import type { Export } from '@waybill/shared/contract/exports.ts'
import { WaybillError } from './errors.ts'
import { type Polled, poll } from './poll.ts'
import { sleep } from './retry.ts'
import type { CallOptions, Transport } from './transport.ts'

export interface WaitOptions extends CallOptions {
  /** Receives the export after the first request and after every change, the last one included. */
  readonly onProgress?: ((found: Export) => void) | undefined
}

/** Milliseconds between two requests when the server gives no Retry-After. */
const POLL_INTERVAL_MS = 1_000

/** @throws WaybillError with the code of the export's failure, or EXPORT_CANCELED; its `export` is the export */
export async function wait(transport: Transport, path: string, { signal, onProgress }: WaitOptions): Promise<Export> {
  let previous: Polled<Export> | undefined
  for (;;) {
    const found: Polled<Export> = await poll<Export>(transport, { path, signal }, previous)
    const { body, retryAfter } = found
    if (body !== previous?.body) {
      onProgress?.(body)
      if (body.status !== 'queued' && body.status !== 'running') return withFile(body)
    }
    previous = found
    await sleep(retryAfter ?? POLL_INTERVAL_MS, signal)
  }
}

function withFile(ended: Export): Export {
  const details = { export: ended }
  switch (ended.status) {
    case 'failed': {
      const { code = 'INTERNAL', message = 'The export failed.' } = ended.error ?? {}
      // A newer server may have codes that these types do not know.
      throw new WaybillError(code as WaybillError['code'], message, details)
    }
    case 'canceled':
      throw new WaybillError('EXPORT_CANCELED', 'The export was canceled.', details)
    case 'expired':
      throw new WaybillError('EXPORT_EXPIRED', 'The file has been removed. Request a new export.', details)
    case 'completed':
    case 'queued':
    case 'running':
      return ended
  }
}
