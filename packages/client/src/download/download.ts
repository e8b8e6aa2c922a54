// The file of an export as a stream: goes on where a connection broke, and ends well only when every byte is right.
import type { Export } from '@waybill/shared/contract/exports.ts'
import { WaybillError } from '../http/errors.ts'
import { retryDelay, sleep } from '../http/retry.ts'
import type { CallOptions, Transport } from '../http/transport.ts'
import { openAt, type Part } from './part.ts'
import { createSha256, type Hasher } from './sha256.ts'

export interface DownloadOptions extends CallOptions {
  /** What is there of the file already, from its first byte on: it is read and checked, and the rest is fetched. */
  readonly have?: AsyncIterable<Uint8Array> | undefined
  /** Told with each piece how many bytes are there, those of `have` included. */
  readonly onProgress?: ((bytes: number) => void) | undefined
}

export interface Download {
  readonly export: Export
  readonly filename: string
  readonly contentType: string
  /** Of the whole file. */
  readonly bytes: number
  /** Of the whole file, in hex. */
  readonly sha256: string
  /**
   * What is missing of the file: all of it without `have`. Errors with CHECKSUM_MISMATCH at its end when the file is
   * not what the export's SHA-256 says; what has been read until then is not to be used.
   */
  readonly body: ReadableStream<Uint8Array>
}

interface Source {
  /** Redirects to the file. */
  readonly path: string
  readonly get: (signal: AbortSignal | undefined) => Promise<Export>
}

/** What has arrived. */
interface Arrived {
  bytes: number
  readonly hash: Hasher
}

/** @throws WaybillError EXPORT_NOT_READY, EXPORT_WITHOUT_FILE, EXPORT_EXPIRED, DOWNLOAD_REFUSED, CHECKSUM_MISMATCH, … */
export async function download(
  transport: Transport,
  { path, get }: Source,
  { have, onProgress, signal }: DownloadOptions,
): Promise<Download> {
  const found = await get(signal)
  const { filename, contentType, bytes, sha256 } = found
  const arrived: Arrived = { bytes: 0, hash: createSha256() }
  for await (const chunk of have ?? []) {
    signal?.throwIfAborted()
    take(arrived, chunk)
  }

  if (bytes !== null && arrived.bytes > bytes) throw wrongFile(arrived.bytes)

  // An export that has no file makes the server say why: here, before there is a stream.
  const isWhole = found.status === 'completed' && arrived.bytes === bytes
  const first = isWhole ? undefined : await openAt(transport, path, arrived.bytes, signal)
  if (bytes === null || sha256 === null) {
    throw new WaybillError('UNEXPECTED_ANSWER', 'The server gives out a file whose export has none.')
  }

  const whole = { bytes, sha256 }
  const pieces = fetchRest({ transport, path, arrived, whole, onProgress, signal }, first)
  return { export: found, filename, contentType, ...whole, body: streamOf(pieces) }
}

interface Rest extends Pick<DownloadOptions, 'onProgress' | 'signal'> {
  readonly transport: Transport
  readonly path: string
  readonly arrived: Arrived
  readonly whole: Pick<Download, 'bytes' | 'sha256'>
}

/** @param first the connection that is open; undefined when nothing is missing */
async function* fetchRest(
  { transport, path, arrived, whole, onProgress, signal }: Rest,
  first: Part | undefined,
): Part {
  const { retries, onRetry } = transport.retry
  let part = first
  let breaks = 0
  while (part !== undefined) {
    try {
      for await (const chunk of part) {
        breaks = 0
        take(arrived, chunk)
        onProgress?.(arrived.bytes)
        yield chunk
      }
      if (arrived.bytes >= whole.bytes) break
      throw new WaybillError('NETWORK', 'The connection ended in the middle of the file.')
    } catch (error) {
      if (!(error instanceof WaybillError) || error.code !== 'NETWORK' || breaks >= retries) throw error
      const delay = retryDelay(breaks)
      onRetry?.(error, delay)
      await sleep(delay, signal)
      breaks += 1
    }
    part = await openAt(transport, path, arrived.bytes, signal)
  }
  if (arrived.bytes !== whole.bytes || arrived.hash.digest() !== whole.sha256) throw wrongFile(arrived.bytes)
}

function wrongFile(bytes: number): WaybillError {
  const message = `What arrived (${bytes} bytes) is not the file that was exported. Do not use it.`
  return new WaybillError('CHECKSUM_MISMATCH', message)
}

function take(arrived: Arrived, chunk: Uint8Array): void {
  arrived.hash.update(chunk)
  arrived.bytes += chunk.length
}

/** `ReadableStream.from`, which not every browser has. */
function streamOf(pieces: Part): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await pieces.next()
        if (done) controller.close()
        else controller.enqueue(value)
      },
      async cancel() {
        await pieces.return()
      },
    },
    { highWaterMark: 0 },
  )
}
