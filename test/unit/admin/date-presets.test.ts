// Date ranges of the form: whole days in the user's time zone, also when daylight saving time starts or ends.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { endOfDay, PRESETS, rangeOf, startOfDay } from '../../../apps/admin/src/text/date-presets.ts'

const before = process.env.TZ
beforeAll(() => {
  process.env.TZ = 'Europe/Rome'
})
afterAll(() => {
  if (before === undefined) delete process.env.TZ
  else process.env.TZ = before
})

describe('a day', () => {
  it.each([
    ['in winter', '2026-01-15', '2026-01-14T23:00:00.000Z', '2026-01-15T22:59:59.999999Z'],
    ['in summer', '2026-07-15', '2026-07-14T22:00:00.000Z', '2026-07-15T21:59:59.999999Z'],
    ['of 23 hours', '2026-03-29', '2026-03-28T23:00:00.000Z', '2026-03-29T21:59:59.999999Z'],
    ['of 25 hours', '2026-10-25', '2026-10-24T22:00:00.000Z', '2026-10-25T22:59:59.999999Z'],
    ['at the end of a year', '2026-12-31', '2026-12-30T23:00:00.000Z', '2026-12-31T22:59:59.999999Z'],
  ])('%s includes all its rows and no row of the next day', (_what, day, from, to) => {
    expect(startOfDay(day)).toBe(from)
    expect(endOfDay(day)).toBe(to)
  })
})

describe('on the last day of March', () => {
  const today = new Date(2026, 2, 31, 0, 30)

  it.each([
    ['all', '', ''],
    ['today', '2026-03-31', '2026-03-31'],
    ['yesterday', '2026-03-30', '2026-03-30'],
    ['last7', '2026-03-25', '2026-03-31'],
    ['last30', '2026-03-02', '2026-03-31'],
    ['thisMonth', '2026-03-01', '2026-03-31'],
    ['lastMonth', '2026-02-01', '2026-02-28'],
    ['thisYear', '2026-01-01', '2026-03-31'],
  ] as const)('“%s” is from %s to %s', (preset, from, to) => {
    expect(rangeOf(preset, today)).toEqual({ from, to })
  })

  it('tests every preset', () => {
    expect(PRESETS.filter((preset) => preset !== 'custom')).toHaveLength(8)
  })
})

it('in January, last month is December of the previous year', () => {
  expect(rangeOf('lastMonth', new Date(2026, 0, 5))).toEqual({ from: '2025-12-01', to: '2025-12-31' })
})
