// The file of an export as a stream: resumes after a lost connection and verifies the SHA-256.
import type { Export } from '@waybill/shared/contract/exports.ts'
import { WaybillError } from '../http/errors.ts'
import { retryDelay, sleep } from '../http/retry.ts'
import type { CallOptions, Transport } from '../http/transport.ts'
import { localName } from './local-name.ts'
import { openAt, type Part } from './part.ts'
import { createSha256, type Hasher } from './sha256.ts'

export interface DownloadOptions extends CallOptions {
  /** The beginning of the file, from an earlier download. It is included in the checksum; only the rest is downloaded. */
  readonly have?: AsyncIterable<Uint8Array> | undefined
  /** Receives the number of bytes after each chunk, those of `have` included. */
  readonly onProgress?: ((bytes: number) => void) | undefined
}

export interface Download {
  readonly export: Export
  /** Safe to create in a directory, whatever the server sent: without a path, control characters or device names. */
  readonly filename: string
  readonly contentType: string
  /** The size of the whole file. */
  readonly bytes: number
  /** The checksum of the whole file, in hex. */
  readonly sha256: string
  /**
   * The file without the bytes of `have`. It ends with the error CHECKSUM_MISMATCH when the bytes do not match the SHA-256
   * of the export. The bytes read until then must not be used.
   */
  readonly body: ReadableStream<Uint8Array>
}

interface Source {
  /** Answers with a redirect to the file. */
  readonly path: string
  readonly get: (signal: AbortSignal | undefined) => Promise<Export>
}

/** The bytes received so far. */
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
  const { contentType, bytes, sha256 } = found
  const filename = localName(found.filename)
  const arrived: Arrived = { bytes: 0, hash: createSha256() }
  for await (const chunk of have ?? []) {
    signal?.throwIfAborted()
    take(arrived, chunk)
  }

  if (bytes !== null && arrived.bytes > bytes) throw wrongFile(arrived.bytes)

  // Opened before the stream is returned, so that an export without a file throws the error of the server here.
  const isWhole = found.status === 'completed' && arrived.bytes === bytes
  const first = isWhole ? undefined : await openAt(transport, path, arrived.bytes, signal)
  if (bytes === null || sha256 === null) {
    throw new WaybillError('UNEXPECTED_ANSWER', 'The server sent a file for an export that has none.')
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

/** @param first the open connection; undefined when `have` is the whole file */
async function* fetchRest(
  { transport, path, arrived, whole, onProgress, signal }: Rest,
  first: Part | undefined,
): Part {
  const { retries, onRetry } = transport.retry
  let part = first
  let failures = 0
  while (part !== undefined) {
    try {
      for await (const chunk of part) {
        failures = 0
        take(arrived, chunk)
        onProgress?.(arrived.bytes)
        yield chunk
      }
      if (arrived.bytes >= whole.bytes) break
      throw new WaybillError('NETWORK', 'The connection ended before the end of the file.')
    } catch (error) {
      if (!(error instanceof WaybillError) || error.code !== 'NETWORK' || failures >= retries) throw error
      const delay = retryDelay(failures)
      onRetry?.(error, delay)
      await sleep(delay, signal)
      failures += 1
    }
    part = await openAt(transport, path, arrived.bytes, signal)
  }
  if (arrived.bytes !== whole.bytes || arrived.hash.digest() !== whole.sha256) throw wrongFile(arrived.bytes)
}

function wrongFile(bytes: number): WaybillError {
  const message = `The downloaded data (${bytes} bytes) does not match the checksum of the export. Do not use it.`
  return new WaybillError('CHECKSUM_MISMATCH', message)
}

function take(arrived: Arrived, chunk: Uint8Array): void {
  arrived.hash.update(chunk)
  arrived.bytes += chunk.length
}

/** As `ReadableStream.from`, which some browsers do not have. */
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
