// The header Retry-After: seconds and HTTP dates become milliseconds, all other text is ignored.
import { parseRetryAfter } from '@waybill/shared/contract/retry-after.ts'
import { expect, it } from 'vitest'

const NOW = Date.parse('2026-06-09T12:00:00Z')

it.each([
  ['120', 120_000],
  [' 0 ', 0],
  ['Tue, 09 Jun 2026 12:01:00 GMT', 60_000],
  ['Tue, 09 Jun 2026 11:00:00 GMT', 0],
  ['2026-06-09T12:01:00Z', undefined],
  ['soon', undefined],
  ['-5', undefined],
  ['', undefined],
  [null, undefined],
  [undefined, undefined],
])('%j is %s ms', (text, expected) => {
  expect(parseRetryAfter(text, NOW)).toBe(expected)
})
