// The SHA-256 for browsers: correct for every length and for every split of the input.
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createPortableSha256 } from '../../../packages/client/src/download/sha256.ts'

/** The examples of FIPS 180-4 (NIST, "Secure Hashing", SHA256.pdf). */
it.each([
  ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  [
    'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
    '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
  ],
])('gives the digest of the standard for %j', (text, digest) => {
  const hash = createPortableSha256()
  hash.update(new TextEncoder().encode(text))
  expect(hash.digest()).toBe(digest)
})

it('agrees with OpenSSL for every length around a block, and for every split', () => {
  const pieces = fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 8 })
  fc.assert(
    fc.property(pieces, (chunks) => {
      const hash = createPortableSha256()
      for (const chunk of chunks) hash.update(chunk)
      expect(hash.digest()).toBe(createHash('sha256').update(Buffer.concat(chunks)).digest('hex'))
    }),
    { numRuns: 500 },
  )
})
