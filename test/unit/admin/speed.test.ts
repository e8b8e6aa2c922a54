// The speed of an export on the page: what stands still must not be promised to be over soon.
import { expect, it } from 'vitest'
import { speedOf } from '../../../apps/admin/src/data/speed.ts'

const samples = [
  { at: 0, rows: 0 },
  { at: 2_000, rows: 1_000 },
]

it('says how fast it is and how long it still takes', () => {
  expect(speedOf(samples, 3_000, 2_500)).toEqual({ rowsPerSecond: 500, left: 4_000 })
})

it('says neither any more once it stands still', () => {
  expect(speedOf(samples, 3_000, 11_999)).toBeDefined()
  expect(speedOf(samples, 3_000, 12_000)).toBeUndefined()
})
