// SHA-256 of bytes that arrive in chunks. Web Crypto cannot do this: it needs all bytes at once.
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex } from '@noble/hashes/utils.js'

export interface Hasher {
  update(bytes: Uint8Array): void
  /** Lower-case hex. Call it once, at the end. */
  digest(): string
}

/** The part of `node:crypto` that is used here. */
interface NodeCrypto {
  createHash(name: 'sha256'): { update(bytes: Uint8Array): unknown; digest(encoding: 'hex'): string }
}

/** Uses OpenSSL in Node, which is about 20 times faster, and JavaScript elsewhere. */
export function createSha256(): Hasher {
  // Not an import: a bundler for browsers could not resolve node:crypto.
  const { process } = globalThis as { process?: { getBuiltinModule?(name: string): unknown } }
  const crypto = process?.getBuiltinModule?.('node:crypto') as NodeCrypto | undefined
  if (crypto === undefined) return createPortableSha256()
  const hash = crypto.createHash('sha256')
  return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest('hex') }
}

/** Runs in every browser. Exported for its test. */
export function createPortableSha256(): Hasher {
  const hash = sha256.create()
  return { update: (bytes) => void hash.update(bytes), digest: () => bytesToHex(hash.digest()) }
}
