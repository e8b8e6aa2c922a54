// Counts and hashes what passes on its way to the storage.
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

/** Counts and hashes a body while it passes. Yields copies: a chunk of the body is valid until the next is asked for only. */
export function createMeter(body: AsyncIterable<Uint8Array>, onProgress?: (bytes: number) => void) {
  const hash = createHash('sha256')
  let bytes = 0
  let checksum = 0
  return {
    async *chunks(): AsyncGenerator<Uint8Array, void, void> {
      for await (const chunk of body) {
        hash.update(chunk)
        checksum = crc32(chunk, checksum)
        bytes += chunk.byteLength
        onProgress?.(bytes)
        const copy = Buffer.allocUnsafeSlow(chunk.byteLength)
        copy.set(chunk)
        yield copy
      }
    },
    total(): Total {
      const encoded = Buffer.alloc(4)
      encoded.writeUInt32BE(checksum)
      return { bytes, sha256: hash.digest('hex'), crc32: encoded.toString('base64') }
    },
  }
}
