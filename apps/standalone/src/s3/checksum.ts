// Computes the checksums that S3 clients send, and the checksum of an object from those of its parts.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'

export const ALGORITHMS = ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const
export type Algorithm = (typeof ALGORITHMS)[number]

export interface Checksum {
  readonly algorithm: Algorithm
  /** In base64. A COMPOSITE checksum ends in `-` and the number of parts. */
  readonly value: string
  readonly type: 'FULL_OBJECT' | 'COMPOSITE'
}

/** Width in bits, and the reflected polynomial. */
const CRCS = {
  CRC32: { width: 32n, polynomial: 0xedb88320n },
  CRC32C: { width: 32n, polynomial: 0x82f63b78n },
  CRC64NVME: { width: 64n, polynomial: 0x9a6c9329ac4bc9b5n },
} as const

export interface Digest {
  update(chunk: Buffer): void
  /** In base64. */
  end(): string
}

export function createDigest(algorithm: Algorithm): Digest {
  if (algorithm === 'SHA1' || algorithm === 'SHA256') {
    const hash = createHash(algorithm)
    return { update: (chunk) => void hash.update(chunk), end: () => hash.digest('base64') }
  }
  if (algorithm === 'CRC32') {
    let value = 0
    return {
      update(chunk) {
        value = crc32(chunk, value)
      },
      end: () => base64(BigInt(value), 32n),
    }
  }
  return createTableCrc(algorithm)
}

/** Node has no function for these two. The register has two halves of 32 bits; CRC32C uses the low one. */
function createTableCrc(name: 'CRC32C' | 'CRC64NVME'): Digest {
  const { width, polynomial } = CRCS[name]
  const low = new Uint32Array(256)
  const high = new Uint32Array(256)
  for (let byte = 0; byte < 256; byte++) {
    let value = BigInt(byte)
    for (let bit = 0; bit < 8; bit++) value = value & 1n ? (value >> 1n) ^ polynomial : value >> 1n
    low[byte] = Number(value & 0xffffffffn)
    high[byte] = Number(value >> 32n)
  }
  let lo = -1
  let hi = width === 64n ? -1 : 0
  return {
    update(chunk) {
      for (const byte of chunk) {
        const index = (lo ^ byte) & 0xff
        lo = ((lo >>> 8) | (hi << 24)) ^ (low[index] ?? 0)
        hi = (hi >>> 8) ^ (high[index] ?? 0)
      }
    },
    end: () => base64((BigInt(width === 64n ? ~hi >>> 0 : 0) << 32n) | BigInt(~lo >>> 0), width),
  }
}

export interface PartChecksum {
  readonly size: number
  readonly value: string
}

/** The checksum of the object that consists of these parts. Undefined: it cannot be computed from theirs. */
export function combine(
  algorithm: Algorithm,
  type: Checksum['type'],
  parts: readonly PartChecksum[],
): Checksum | undefined {
  if (type === 'COMPOSITE') {
    const digest = createDigest(algorithm)
    for (const { value } of parts) digest.update(Buffer.from(value, 'base64'))
    return { algorithm, type, value: `${digest.end()}-${parts.length}` }
  }
  if (algorithm === 'SHA1' || algorithm === 'SHA256') return undefined
  const { width, polynomial } = CRCS[algorithm]
  const times = (a: bigint, b: bigint) => multiply(a, b, width, polynomial)
  const shifts = new Map<number, bigint>()
  let whole = 0n
  for (const { size, value } of parts) {
    const shift = shifts.get(size) ?? power(size, width, times)
    shifts.set(size, shift)
    whole = times(whole, shift) ^ BigInt(`0x${Buffer.from(value, 'base64').toString('hex')}`)
  }
  return { algorithm, type, value: base64(whole, width) }
}

/** x to the power of 8 × `bytes`: appending that many bytes multiplies a CRC by it. */
function power(bytes: number, width: bigint, times: (a: bigint, b: bigint) => bigint): bigint {
  let result = 1n << (width - 1n)
  let square = 1n << (width - 9n)
  for (let left = bytes; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) result = times(result, square)
    square = times(square, square)
  }
  return result
}

/** The product of two reflected polynomials over GF(2), modulo the polynomial of the CRC. */
function multiply(a: bigint, b: bigint, width: bigint, polynomial: bigint): bigint {
  let product = 0n
  let factor = b
  for (let bit = 1n << (width - 1n); bit > 0n; bit >>= 1n) {
    if (a & bit) product ^= factor
    factor = factor & 1n ? (factor >> 1n) ^ polynomial : factor >> 1n
  }
  return product
}

function base64(value: bigint, width: bigint): string {
  return Buffer.from(value.toString(16).padStart(Number(width) / 4, '0'), 'hex').toString('base64')
}
