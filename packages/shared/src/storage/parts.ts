// Cuts a body into the pieces that lib-storage sends as parts, and counts and hashes what passes.
import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'

export interface StoredObject {
  readonly bytes: number
  /** Hex. */
  readonly sha256: string
}

export interface Total extends StoredObject {
  /** As S3 writes it: big-endian, base64. */
  readonly crc32: string
}

export interface Parts {
  /** Each piece but the first is valid until the next is asked for. */
  readonly pieces: AsyncGenerator<Uint8Array, void, void>
  /** Of what was read so far. */
  total(): Total
  /** The CRC-32 of a part, by its number from 1 on. It is known before the piece with the end of the part is yielded. */
  crc32Of(partNumber: number): string
}

/** The buffer of a body that is shorter than a part grows from this size. */
const FIRST_BUFFER_BYTES = 65_536

/**
 * lib-storage sends a part when it has more than `partSize` bytes, and copies what it holds unless that is one piece. So the
 * first piece has one byte more than a part, and each further piece has the size of a part: one copy of each byte, and one new
 * buffer for each part. With smaller pieces, each of them needs a buffer of its own until the part is full, and collecting
 * those buffers costs V8 more time than all copies.
 *
 * @param options.signal ends the pieces and closes the body, with its next chunk
 */
export function cutIntoParts(
  body: AsyncIterable<Uint8Array>,
  partSize: number,
  { signal, onProgress }: { readonly signal: AbortSignal; readonly onProgress?: ((bytes: number) => void) | undefined },
): Parts {
  const hash = createHash('sha256')
  const partChecksums: number[] = []
  let bytes = 0
  let checksum = 0
  let partChecksum = 0

  /** Counts bytes that do not cross the end of a part. */
  const count = (run: Uint8Array): void => {
    hash.update(run)
    checksum = crc32(run, checksum)
    partChecksum = crc32(run, partChecksum)
    bytes += run.length
    if (bytes % partSize === 0) {
      partChecksums.push(partChecksum)
      partChecksum = 0
    }
  }

  async function* pieces(): AsyncGenerator<Uint8Array, void, void> {
    let buffer = Buffer.allocUnsafeSlow(Math.min(FIRST_BUFFER_BYTES, partSize + 1))
    let filled = 0
    let pieceBytes = partSize + 1
    for await (const chunk of body) {
      for (let at = 0; at < chunk.length; ) {
        const length = Math.min(chunk.length - at, pieceBytes - filled, partSize - (bytes % partSize))
        const run = chunk.subarray(at, at + length)
        if (filled + length > buffer.length) buffer = grown(buffer, filled, filled + length, partSize + 1)
        buffer.set(run, filled)
        count(run)
        filled += length
        at += length
        if (filled === pieceBytes) {
          yield buffer.subarray(0, filled)
          filled = 0
          // lib-storage keeps the first piece and copies the others.
          if (pieceBytes > partSize) buffer = Buffer.allocUnsafeSlow(partSize)
          pieceBytes = partSize
        }
      }
      onProgress?.(bytes)
      // A return() of the consumer would wait until the piece is full.
      if (signal.aborted) return
    }
    if (bytes % partSize > 0) partChecksums.push(partChecksum)
    if (filled > 0) yield buffer.subarray(0, filled)
  }

  return {
    pieces: pieces(),
    total: () => ({ bytes, sha256: hash.copy().digest('hex'), crc32: base64(checksum) }),
    crc32Of: (partNumber) => base64(partChecksums[partNumber - 1] ?? 0),
  }
}

/** A larger buffer with the first `filled` bytes of this one. */
function grown(buffer: Buffer<ArrayBuffer>, filled: number, needed: number, most: number): Buffer<ArrayBuffer> {
  const larger = Buffer.allocUnsafeSlow(Math.min(most, Math.max(needed, 2 * buffer.length)))
  buffer.copy(larger, 0, 0, filled)
  return larger
}

function base64(checksum: number): string {
  const encoded = Buffer.alloc(4)
  encoded.writeUInt32BE(checksum)
  return encoded.toString('base64')
}
