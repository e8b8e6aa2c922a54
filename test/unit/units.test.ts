// Durations and sizes in settings: exact values, and errors for all other text.
import { parseDuration, parseSize } from '@waybill/shared/settings/units.ts'
import { expect, it } from 'vitest'

it.each([
  ['250ms', 250],
  ['30s', 30_000],
  ['15m', 900_000],
  ['12h', 43_200_000],
  ['7d', 604_800_000],
  ['1.5h', 5_400_000],
  [' 30 s ', 30_000],
  ['0s', 0],
])('%j is %i milliseconds', (text, milliseconds) => {
  expect(parseDuration(text)).toBe(milliseconds)
})

it.each([
  ['1B', 1],
  ['1kB', 1_000],
  ['512KiB', 524_288],
  ['16MiB', 16_777_216],
  ['2GB', 2_000_000_000],
  ['1GiB', 1_073_741_824],
])('%j is %i bytes', (text, bytes) => {
  expect(parseSize(text)).toBe(bytes)
})

it.each(['', '30', 's', '-1s', '1e3s', '30 S', '1 month', '30s30s', '7constructor', '١s', 'NaNs', 'Infinityd'])(
  '%j is no quantity',
  (text) => {
    expect(parseDuration(text)).toBeUndefined()
    expect(parseSize(text)).toBeUndefined()
  },
)
