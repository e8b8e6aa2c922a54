// Runs bytes through a zlib stream, whose work is done in libuv's thread pool, beside the encoder.
import type { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setImmediate } from 'node:timers/promises'
import { abortable } from './abortable.ts'
import { BUFFER_BYTES } from './output.ts'

/**
 * Options for a zlib stream meant for `through`. The bytes that may wait on either side are some chunks of an
 * encoder, so that one is made while another is compressed.
 */
export const ZLIB_OPTIONS = { chunkSize: 65_536, highWaterMark: 524_288 }

/**
 * What `transform` makes of `source`. An error of the source ends it with that error; a consumer that stops early
 * destroys the transform and closes the source before it goes on.
 */
export async function* through(
  source: AsyncIterable<Uint8Array>,
  transform: Transform,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, void> {
  const pumped = pipeline(paced(abortable(source, signal), transform), transform, { signal })
  // Awaited below; but it may fail while the consumer is busy with a chunk, and nobody listens then.
  pumped.catch(ignoreUntilAwaited)
  try {
    for await (const chunk of transform) yield chunk
    await pumped
  } catch (error) {
    // pipeline reports an abort as an AbortError of its own.
    signal.throwIfAborted()
    throw error
  } finally {
    await pumped.catch(ignoreUntilAwaited)
  }
}

/**
 * Lets the event loop turn after each chunk. An encoder with rows at hand never does, and zlib, which reports through
 * the event loop, would stand still until the buffer is full (measured: a third more time).
 *
 * Yields copies, as a chunk is valid until the next is asked for only, and the transform takes it later. The copies are
 * written again once the transform has taken them.
 */
async function* paced(source: AsyncIterable<Uint8Array>, transform: Transform): AsyncGenerator<Uint8Array, void, void> {
  /** In the order in which they were yielded, each with the bytes yielded up to its end. */
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
  // The loop over the transform throws the same error.
}
