// Filters in the address: every view works with any text in its address.
import { describe, expect, it } from 'vitest'
import { isDay } from '../../../apps/admin/src/text/date-presets.ts'
import { readFilter as readTrail, apiQuery as trailQuery } from '../../../apps/admin/src/views/audit/filter.ts'
import { apiQuery as listQuery, readFilter as readList } from '../../../apps/admin/src/views/exports/filter.ts'

const BAD = ['abc', '2026-13-01', '2026-02-30', '2026-1-1', '20260-01-01', '2026-01-01T00:00:00Z', '0NaN-NaN-NaN', '-1']

it.each(BAD)('“%s” is not a day', (text) => expect(isDay(text)).toBe(false))

it.each(['2026-11-23', '2024-02-29', '0099-01-01'])('“%s” is a day', (text) => expect(isDay(text)).toBe(true))

describe.each([
  ['the list', readList, (address: URLSearchParams) => listQuery(readList(address), null)],
  ['the audit trail', readTrail, (address: URLSearchParams) => trailQuery(readTrail(address), null)],
])('%s', (_what, readFilter, query) => {
  it.each(BAD)('ignores the invalid day “%s”', (text) => {
    const address = new URLSearchParams({ from: text, to: text })
    expect(readFilter(address)).toEqual({})
    expect(query(address)).toBe('limit=50')
  })

  it('keeps valid days, and requests rows until the end of the last day', () => {
    const address = new URLSearchParams({ from: '2026-11-01', to: '2026-11-23' })
    expect(readFilter(address)).toEqual({ from: '2026-11-01', to: '2026-11-23' })
    const request = new URLSearchParams(query(address))
    expect(new Date(request.get('from') ?? '').getTime()).toBe(new Date(2026, 10, 1).getTime())
    expect(new Date(request.get('to') ?? '').getTime()).toBe(new Date(2026, 10, 24).getTime() - 1)
  })
})
