// Formats numbers, sizes and durations for display.
import { unitText } from '../strings/units.ts'
import { LOCALE } from './locale.ts'

const NUMBER = new Intl.NumberFormat(LOCALE)
const SHORT = new Intl.NumberFormat(LOCALE, { maximumSignificantDigits: 3 })
const { bytes: UNITS, hours, minutes, seconds } = unitText

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
  const all = Math.max(0, Math.round(milliseconds / 1000))
  if (all < 60) return seconds(all)
  if (all >= 3600) return `${hours(Math.floor(all / 3600))} ${minutes(Math.floor((all % 3600) / 60))}`
  return all % 60 === 0 ? minutes(all / 60) : `${minutes(Math.floor(all / 60))} ${seconds(all % 60)}`
}

/** Rounds an estimate to two significant digits: `about 12,000`. */
export function roughly(value: number): number {
  if (value < 100) return value
  const digit = 10 ** (Math.floor(Math.log10(value)) - 1)
  return Math.round(value / digit) * digit
}
