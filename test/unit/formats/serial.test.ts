// Serial numbers of dates are written with the digits that JavaScript writes, without making a string.
import { Output } from '@waybill/shared/formats/output.ts'
import { writeSerial } from '@waybill/shared/formats/xlsx/serial.ts'
import fc from 'fast-check'
import { expect, test } from 'vitest'

function written(serial: number): string {
  const output = new Output()
  writeSerial(output, serial)
  return Buffer.from(output.buffer.subarray(0, output.at)).toString('latin1')
}

const MS_PER_DAY = 86_400_000
/** 1970-01-01. */
const EPOCH_SERIAL = 25_569

test('every millisecond has the digits of String', () => {
  const millisecond = fc.integer({ min: Date.UTC(1900, 2, 1), max: Date.UTC(2179, 0, 1) })
  fc.assert(
    fc.property(millisecond, (ms) => {
      const serial = EPOCH_SERIAL + ms / MS_PER_DAY
      expect(written(serial)).toBe(String(serial))
    }),
    { numRuns: 5_000 },
  )
})

test('every double from 32768 to 65536 has the digits of String', () => {
  const parts = fc.tuple(fc.integer({ min: 32_768, max: 65_535 }), fc.maxSafeNat())
  fc.assert(
    fc.property(parts, ([days, units]) => {
      const serial = days + (units % 2 ** 37) / 2 ** 37
      expect(written(serial)).toBe(String(serial))
    }),
    { numRuns: 5_000 },
  )
})

test.each([
  32_768,
  32_767.999,
  65_535.999_999_999_99,
  65_536,
  46_143,
  46_143.5,
  46_143.1,
  46_143 + 2 ** -37,
  46_144 - 2 ** -37,
  61,
])('%d', (serial) => {
  expect(written(serial)).toBe(String(serial))
})
