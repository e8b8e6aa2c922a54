// Passes bytes through a zlib stream, which runs in libuv's thread pool in parallel with the encoder.
import type { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setImmediate } from 'node:timers/promises'
import { abortable } from './abortable.ts'
import { BUFFER_BYTES } from './output.ts'

/**
 * Options of a zlib stream for `through`. Each side buffers a few chunks of an encoder, so that one is encoded while another is
 * compressed.
 */
export const ZLIB_OPTIONS = { chunkSize: 65_536, highWaterMark: 524_288 }

/**
 * Yields the output of `transform` for `source`. An error of the source is passed on. If the consumer stops early, the transform
 * is destroyed and the source is closed before the consumer continues.
 */
export async function* through(
  source: AsyncIterable<Uint8Array>,
  transform: Transform,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, void> {
  const pumped = pipeline(paced(abortable(source, signal), transform), transform, { signal })
  // Awaited below. Without this handler, a failure while the consumer handles a chunk would be an unhandled rejection.
  pumped.catch(ignoreUntilAwaited)
  try {
    for await (const chunk of transform) yield chunk
    await pumped
  } catch (error) {
    // pipeline replaces the reason of an abort by an AbortError.
    signal.throwIfAborted()
    throw error
  } finally {
    await pumped.catch(ignoreUntilAwaited)
  }
}

/**
 * Yields to the event loop after each chunk. An encoder with enough rows never does, and zlib, which needs the event loop, would
 * stop until the buffer is full (measured: a third more time).
 *
 * Yields copies, because a chunk is only valid until the next is requested, and the transform reads it later. The buffers of
 * the copies are reused after that.
 */
async function* paced(source: AsyncIterable<Uint8Array>, transform: Transform): AsyncGenerator<Uint8Array, void, void> {
  /** The copies in use, in order, each with the total number of bytes up to its end. */
  const copies: { readonly buffer: Buffer; readonly end: number }[] = []
  let yielded = 0
  for await (const chunk of source) {
    const oldest = copies[0]
    const isTaken = oldest !== undefined && oldest.end <= yielded - transform.writableLength
    if (isTaken) copies.shift()
    const isReusable = isTaken && oldest.buffer.length >= chunk.length
    const buffer = isReusable ? oldest.buffer : Buffer.allocUnsafeSlow(Math.max(BUFFER_BYTES, chunk.length))
    buffer.set(chunk)
    yielded += chunk.length
    copies.push({ buffer, end: yielded })
    yield buffer.subarray(0, chunk.length)
    await setImmediate()
  }
}

function ignoreUntilAwaited(): void {
  // The loop over the transform also throws this error.
}
