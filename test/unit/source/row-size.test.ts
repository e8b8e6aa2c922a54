// The limits of rows and cells: counted in the bytes of the values, wherever the chunks of a row end.
import { RowMeter } from '@waybill/shared/database/row-size.ts'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { copyLine } from '../formats/encoding.ts'

const LIMITS = { maxRowBytes: 20, maxCellBytes: 10 }

/** The limit that the row exceeds, when it comes in chunks of so many bytes. */
function measure(row: readonly (string | null)[], chunkBytes = 1_000) {
  const meter = new RowMeter(LIMITS)
  const bytes = Buffer.from(copyLine(row))
  if (!meter.begin(bytes.length)) return undefined
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    const exceeded = meter.push(bytes, at, Math.min(bytes.length, at + chunkBytes))
    if (exceeded !== undefined) return exceeded
  }
  return undefined
}

describe('a row', () => {
  it.each([
    [['0123456789', '0123456789'], undefined],
    [['0123456789', '01234567890'], { column: 1 }],
    [['0123456789', '0123456789', '0'], 'row'],
    [['äöüäö'], undefined],
    [['äöüäöü'], { column: 0 }],
    [[...new Array(30).fill(null)], undefined],
    [[...new Array(30).fill('')], undefined],
    [['\n\t\\\b\f\r\v\n\t\\'], undefined],
    [['\n\t\\\b\f\r\v\n\t\\x'], { column: 0 }],
    [['N\\N\\N\\N\\N\\'], undefined],
  ])('%j: %j', (row, exceeded) => {
    expect(measure(row)).toEqual(exceeded)
  })

  it('is measured alike for any chunks', () => {
    const cell = fc.option(fc.string({ unit: fc.constantFrom('a', '\\', '\n', '\t', 'N', 'é'), maxLength: 12 }))
    fc.assert(
      fc.property(fc.array(cell, { minLength: 1, maxLength: 5 }), fc.integer({ min: 1, max: 8 }), (row, chunkBytes) => {
        const sizes = row.map((text) => (text === null ? 0 : Buffer.byteLength(text)))
        const isTooLarge = sizes.some((size) => size > 10) || sizes.reduce((sum, size) => sum + size) > 20
        expect(measure(row, chunkBytes) !== undefined).toBe(isTooLarge)
        expect(measure(row, chunkBytes)).toEqual(measure(row))
      }),
    )
  })
})
