// Numbers, sizes and durations for people.
import { LOCALE } from './locale.ts'

const NUMBER = new Intl.NumberFormat(LOCALE)
const SHORT = new Intl.NumberFormat(LOCALE, { maximumSignificantDigits: 3 })
const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const

export function formatNumber(value: number): string {
  return NUMBER.format(value)
}

/** `4.21 MB`; decimal units, as file managers show them. */
export function formatBytes(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000
    unit += 1
  }
  return `${SHORT.format(value)} ${UNITS[unit]}`
}

/** `3 s`, `2 min 10 s`, `1 h 5 min`. */
export function formatDuration(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000))
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600)
    return seconds % 60 === 0 ? `${seconds / 60} min` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`
}

/** Two digits are all that an estimate is worth: `about 12,000`. */
export function roughly(value: number): number {
  if (value < 100) return value
  const digit = 10 ** (Math.floor(Math.log10(value)) - 1)
  return Math.round(value / digit) * digit
}
