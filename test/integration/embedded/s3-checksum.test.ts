// The checksums of the embedded S3 server: standard values, and the correct combination of the checksums of parts.
import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { type Algorithm, combine, createDigest } from '../../../apps/standalone/src/s3/checksum.ts'

function checksum(algorithm: Algorithm, data: Buffer): string {
  const digest = createDigest(algorithm)
  digest.update(data)
  return digest.end()
}

/** Check values of https://reveng.sourceforge.io/crc-catalogue/all.htm */
test.each<[Algorithm, string]>([
  ['CRC32', 'cbf43926'],
  ['CRC32C', 'e3069283'],
  ['CRC64NVME', 'ae8b14860a799888'],
])('%s of 123456789', (algorithm, expected) => {
  expect(Buffer.from(checksum(algorithm, Buffer.from('123456789')), 'base64').toString('hex')).toBe(expected)
})

test.each<Algorithm>(['CRC32', 'CRC32C', 'CRC64NVME'])(
  'the %s values of parts of any size combine to that of the object',
  (algorithm) => {
    for (const sizes of [[0], [1], [5, 5, 3], [0, 7, 0], [70_000, 70_000, 1]]) {
      const parts = sizes.map((size) => randomBytes(size))
      const values = parts.map((part) => ({ size: part.length, value: checksum(algorithm, part) }))
      expect(combine(algorithm, 'FULL_OBJECT', values)?.value).toBe(checksum(algorithm, Buffer.concat(parts)))
    }
  },
)
