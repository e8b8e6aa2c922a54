// SHA-256 of bytes that come in pieces: Node's own where there is Node, else in JavaScript, as Web Crypto needs all at once.

export interface Hasher {
  update(bytes: Uint8Array): void
  /** In hex; once, at the end. */
  digest(): string
}

/** What of Node is used, found without an import, which a browser would fail at. */
interface NodeCrypto {
  createHash(name: 'sha256'): { update(bytes: Uint8Array): unknown; digest(encoding: 'hex'): string }
}

export function createSha256(): Hasher {
  const node: { getBuiltinModule?: (name: string) => unknown } | undefined = globalThis.process
  const crypto = node?.getBuiltinModule?.('node:crypto') as NodeCrypto | undefined
  if (crypto === undefined) return createPortableSha256()
  const hash = crypto.createHash('sha256')
  return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest('hex') }
}

/** The first 32 bits of the fractional parts of the roots of the first 64 primes (FIPS 180-4, 4.2.2 and 5.3.3). */
const PRIMES = firstPrimes(64)
const ROUND_CONSTANTS = Int32Array.from(PRIMES, (prime) => fraction(Math.cbrt(prime)))
const INITIAL_STATE = Int32Array.from(PRIMES.slice(0, 8), (prime) => fraction(Math.sqrt(prime)))

const BLOCK = 64

/** FIPS 180-4, 6.2. Exported for its test. */
export function createPortableSha256(): Hasher {
  const state = INITIAL_STATE.slice()
  const schedule = new Int32Array(64)
  const pending = new Uint8Array(BLOCK)
  let filled = 0
  let total = 0

  const update = (bytes: Uint8Array) => {
    total += bytes.length
    let offset = 0
    if (filled > 0) {
      offset = Math.min(BLOCK - filled, bytes.length)
      pending.set(bytes.subarray(0, offset), filled)
      filled += offset
      if (filled < BLOCK) return
      compress(state, schedule, pending, 0)
      filled = 0
    }
    for (; offset + BLOCK <= bytes.length; offset += BLOCK) compress(state, schedule, bytes, offset)
    pending.set(bytes.subarray(offset))
    filled = bytes.length - offset
  }

  return {
    update,
    digest() {
      // A one, zeros, and the length in bits as 64 bits that end a block (5.1.1).
      const end = new Uint8Array((filled < 56 ? BLOCK : 2 * BLOCK) - filled)
      end[0] = 0x80
      new DataView(end.buffer).setBigUint64(end.length - 8, BigInt(total) * 8n)
      update(end)
      return Array.from(state, (word) => (word >>> 0).toString(16).padStart(8, '0')).join('')
    },
  }
}

/** One block of 64 bytes. Each index is within its array by construction, which the types cannot know. */
function compress(state: Int32Array, schedule: Int32Array, bytes: Uint8Array, offset: number): void {
  for (let i = 0, at = offset; i < 16; i += 1, at += 4) {
    schedule[i] =
      ((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number)
  }
  for (let i = 16; i < 64; i += 1) {
    const x = schedule[i - 15] as number
    const y = schedule[i - 2] as number
    const s0 = rotate(x, 7) ^ rotate(x, 18) ^ (x >>> 3)
    const s1 = rotate(y, 17) ^ rotate(y, 19) ^ (y >>> 10)
    schedule[i] = ((schedule[i - 16] as number) + s0 + (schedule[i - 7] as number) + s1) | 0
  }
  let a = state[0] as number
  let b = state[1] as number
  let c = state[2] as number
  let d = state[3] as number
  let e = state[4] as number
  let f = state[5] as number
  let g = state[6] as number
  let h = state[7] as number
  for (let i = 0; i < 64; i += 1) {
    const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + (ROUND_CONSTANTS[i] as number) + (schedule[i] as number)) | 0
    const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0
    h = g
    g = f
    f = e
    e = (d + t1) | 0
    d = c
    c = b
    b = a
    a = (t1 + t2) | 0
  }
  state[0] = (state[0] as number) + a
  state[1] = (state[1] as number) + b
  state[2] = (state[2] as number) + c
  state[3] = (state[3] as number) + d
  state[4] = (state[4] as number) + e
  state[5] = (state[5] as number) + f
  state[6] = (state[6] as number) + g
  state[7] = (state[7] as number) + h
}

function rotate(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits))
}

function fraction(root: number): number {
  return ((root - Math.floor(root)) * 2 ** 32) | 0
}

function firstPrimes(count: number): number[] {
  const primes: number[] = []
  for (let n = 2; primes.length < count; n += 1) if (primes.every((prime) => n % prime !== 0)) primes.push(n)
  return primes
}
