// A row that travels as one text comes apart into the cells it was made of, or not at all.
import { packRows } from '@waybill/shared/source/packed-row.ts'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

const marks = { separator: '\x1fabcd', nothing: '\x1eNULL' }

const query = (columns: number) => ({
  sql: 'SELECT …',
  values: ['$1'],
  columns: Array.from({ length: columns }, (_, index) => ({ name: `c${index}`, kind: 'text' as const })),
})

/** What Postgres does with the statement: concat_ws over coalesce. */
const pack = (cells: readonly (string | null)[]) => cells.map((cell) => cell ?? marks.nothing).join(marks.separator)

describe('a row as one text', () => {
  it('gives back every cell, null told from empty text', () => {
    const cell = fc.option(fc.string({ unit: 'binary' }), { nil: null })
    const cells = fc.array(cell, { minLength: 1, maxLength: 12 })
    fc.assert(
      fc.property(cells, (row) => {
        expect(packRows(query(row.length), marks).unpack(pack(row))).toEqual(row)
      }),
    )
  })

  it.each([
    ['in the middle of a cell', `a${marks.separator}b`],
    ['as a whole cell', marks.separator],
    ['twice', marks.separator.repeat(2)],
  ])('is refused when a cell contains what separates cells, %s: no cell may slip into its neighbour', (_, cell) => {
    const { unpack } = packRows(query(3), marks)
    expect(() => unpack(pack(['before', cell, 'after']))).toThrow(expect.objectContaining({ code: 'INTERNAL' }))
  })

  it('cannot be forged: every read draws marks of its own', () => {
    const drawn = Array.from({ length: 100 }, () => packRows(query(1)).values.slice(1))
    expect(new Set(drawn.map(([separator]) => separator)).size).toBeGreaterThan(95)
    expect(new Set(drawn.map(([, nothing]) => nothing)).size).toBe(100)
  })
})
