// Dates as serial numbers of the 1900 date system, in which spreadsheets count days.

const MS_PER_DAY = 86_400_000
/** 1970-01-01 as a serial number. */
const EPOCH_SERIAL = 25_569
/**
 * 1900-03-01. Excel counts a 29 February 1900 that never was; LibreOffice and most libraries do not. The days before
 * would be read as different days, so they are written as text.
 */
const FIRST_SERIAL = 61

/** Length of `2026-05-01` and of `2026-05-01T12:00:00.123456Z`. */
const DATE_LENGTH = 10
const TIMESTAMP_LENGTH = 27

/** To the millisecond, not rounded; undefined: a spreadsheet has no number for it. */
export function serialOf(bytes: Uint8Array, start: number, end: number, hasTime: boolean): number | undefined {
  if (end - start !== (hasTime ? TIMESTAMP_LENGTH : DATE_LENGTH)) return undefined
  if (bytes[start + 4] !== 0x2d || bytes[start + 7] !== 0x2d || bytes[start] === 0x2d) return undefined
  const year = number(bytes, start, 4)
  const month = number(bytes, start + 5, 2)
  let milliseconds = Date.UTC(year, month - 1, number(bytes, start + 8, 2))
  // Date.UTC takes the years 0 to 99 for 1900 to 1999.
  if (year < 100) return undefined
  if (hasTime) {
    const time = start + 11
    milliseconds += number(bytes, time, 2) * 3_600_000 + number(bytes, time + 3, 2) * 60_000
    milliseconds += number(bytes, time + 6, 2) * 1_000 + number(bytes, time + 9, 3)
  }
  const serial = EPOCH_SERIAL + milliseconds / MS_PER_DAY
  return serial >= FIRST_SERIAL ? serial : undefined
}

function number(bytes: Uint8Array, start: number, digits: number): number {
  let value = 0
  for (let i = start; i < start + digits; i++) value = value * 10 + ((bytes[i] as number) - 0x30)
  return value
}
