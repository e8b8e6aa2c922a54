// Addresses that people write or cut short: a view must not break on them.
import { describe, expect, it } from 'vitest'
import { isDay } from '../../../apps/admin/src/text/date-presets.ts'
import { readFilter as readTrail, apiQuery as trailQuery } from '../../../apps/admin/src/views/audit/filter.ts'
import { apiQuery as listQuery, readFilter as readList } from '../../../apps/admin/src/views/exports/filter.ts'

const BAD = ['abc', '2026-13-01', '2026-02-30', '2026-1-1', '20260-01-01', '2026-01-01T00:00:00Z', '0NaN-NaN-NaN', '-1']

it.each(BAD)('“%s” is no day', (text) => expect(isDay(text)).toBe(false))

it.each(['2026-11-23', '2024-02-29', '0099-01-01'])('“%s” is one', (text) => expect(isDay(text)).toBe(true))

describe.each([
  ['the list', readList, (address: URLSearchParams) => listQuery(readList(address), null)],
  ['the trail', readTrail, (address: URLSearchParams) => trailQuery(readTrail(address), null)],
])('%s', (_what, readFilter, query) => {
  it.each(BAD)('is shown without “%s”, which is no day, instead of breaking on it', (text) => {
    const address = new URLSearchParams({ from: text, to: text })
    expect(readFilter(address)).toEqual({})
    expect(query(address)).toBe('limit=50')
  })

  it('keeps the days that there are, and asks until the end of the last', () => {
    const address = new URLSearchParams({ from: '2026-11-01', to: '2026-11-23' })
    expect(readFilter(address)).toEqual({ from: '2026-11-01', to: '2026-11-23' })
    const asked = new URLSearchParams(query(address))
    expect(new Date(asked.get('from') ?? '').getTime()).toBe(new Date(2026, 10, 1).getTime())
    expect(new Date(asked.get('to') ?? '').getTime()).toBe(new Date(2026, 10, 24).getTime() - 1)
  })
})
