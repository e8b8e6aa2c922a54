// Parses dates, absolute and relative, to the form that the server accepts.
import { UsageError } from './usage-error.ts'

export const DATE_FORMS =
  '2026-01-31 (whole day, UTC), 2026-01-31T10:00:00Z, 30d (30 days ago; also h and w), today, yesterday'

const UNITS: Readonly<Record<string, number>> = { h: 3_600_000, d: 86_400_000, w: 7 * 86_400_000 }

/** @throws UsageError when the text has none of the forms of DATE_FORMS */
export function readDate(text: string, flag: string, now: number = Date.now()): string {
  const [, count, unit = ''] = /^(\d{1,5})([hdw])$/.exec(text) ?? []
  if (count !== undefined) return `${new Date(now - Number(count) * (UNITS[unit] ?? 0)).toISOString().slice(0, 19)}Z`
  if (text === 'today') return day(now)
  if (text === 'yesterday') return day(now - (UNITS.d ?? 0))
  if (/^\d{4}-\d{2}-\d{2}$/.test(text) && isDay(text)) return text
  if (/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}/.test(text)) {
    if (/(Z|[+-]\d{2}:\d{2})$/.test(text)) return text
    throw new UsageError(`${flag} ${text} has no time zone: add Z for UTC, or an offset such as +02:00`)
  }
  throw new UsageError(`${flag}: not a date: "${text}"`, `Accepted: ${DATE_FORMS}`)
}

function day(time: number): string {
  return new Date(time).toISOString().slice(0, 10)
}

/** False for 2026-02-30. */
function isDay(text: string): boolean {
  const time = Date.parse(`${text}T00:00:00Z`)
  return !Number.isNaN(time) && day(time) === text
}
