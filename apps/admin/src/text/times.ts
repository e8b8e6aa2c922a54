// Formats times: in the reader's time zone, relative to now, or in UTC.
import { unitText } from '../strings/units.ts'
import { LOCALE } from './locale.ts'

const DATE_TIME = new Intl.DateTimeFormat(LOCALE, { dateStyle: 'medium', timeStyle: 'short' })
const EXACT = new Intl.DateTimeFormat(LOCALE, { dateStyle: 'medium', timeStyle: 'medium' })
const RELATIVE = new Intl.RelativeTimeFormat(LOCALE, { numeric: 'auto' })

/** `23 Nov 2026, 14:05` */
export function formatDateTime(iso: string): string {
  return DATE_TIME.format(new Date(iso))
}

/** `23 Nov 2026, 14:05:22` */
export function formatExact(iso: string): string {
  return EXACT.format(new Date(iso))
}

/** `2026-11-23 13:05:22 UTC` */
export function formatUtc(iso: string): string {
  return unitText.utc(new Date(iso).toISOString().slice(0, 19).replace('T', ' '))
}

/** `5 minutes ago`; for times more than a day ago, the date and time. */
export function formatRelative(iso: string, now: number): string {
  const seconds = (Date.parse(iso) - now) / 1000
  const distance = Math.abs(seconds)
  if (distance < 10) return RELATIVE.format(0, 'second')
  if (distance < 60) return RELATIVE.format(Math.round(seconds), 'second')
  if (distance < 3600) return RELATIVE.format(Math.round(seconds / 60), 'minute')
  if (distance < 86_400) return RELATIVE.format(Math.round(seconds / 3600), 'hour')
  if (distance < 86_400 * 30 && seconds > 0) return RELATIVE.format(Math.round(seconds / 86_400), 'day')
  return formatDateTime(iso)
}
