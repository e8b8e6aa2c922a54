// The speed and the remaining time of an export. A stalled export has neither.
import { expect, it } from 'vitest'
import { speedOf } from '../../../apps/admin/src/data/speed.ts'

const samples = [
  { at: 0, rows: 500 },
  { at: 2_000, rows: 1_500 },
]

it('computes the rows per second and the remaining time', () => {
  expect(speedOf(samples, 3_000, 2_500)).toEqual({ rowsPerSecond: 500, left: 3_000 })
})

it('does not count the time before the first row, while the database sorts', () => {
  const sorting = [
    { at: -60_000, rows: 0 },
    { at: -1_000, rows: 0 },
  ]
  expect(speedOf([...sorting, ...samples], 3_000, 2_500)).toEqual({ rowsPerSecond: 500, left: 3_000 })
  expect(speedOf([...sorting, { at: 0, rows: 500 }], 3_000, 0)).toBeUndefined()
})

it('is undefined after a whole window without progress', () => {
  expect(speedOf(samples, 3_000, 11_999)).toBeDefined()
  expect(speedOf(samples, 3_000, 12_000)).toBeUndefined()
})
