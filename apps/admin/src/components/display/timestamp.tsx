// A time in the reader's time zone, with the exact time in UTC as a tooltip.
import { formatDateTime, formatExact, formatRelative, formatUtc } from '../../text/times.ts'
import { useNow } from './use-now.ts'

interface TimestampProps {
  readonly at: string
  /** `relative`: "5 minutes ago". `upcoming`: "in 5 minutes", for times in the future. `exact`: to the second. */
  readonly format?: 'relative' | 'upcoming' | 'date-time' | 'exact'
}

/** How often relative times such as "5 minutes ago" are recomputed. */
const RELATIVE_TIME_REFRESH_MS = 20_000

export function Timestamp({ at, format = 'date-time' }: TimestampProps) {
  const now = useNow(RELATIVE_TIME_REFRESH_MS)
  const text = textOf(at, format, now)
  const utc = formatUtc(at)
  const isRelative = format === 'relative' || format === 'upcoming'
  return (
    <time dateTime={at} title={isRelative ? `${formatExact(at)}\n${utc}` : utc}>
      {text}
    </time>
  )
}

function textOf(at: string, format: TimestampProps['format'], now: number): string {
  // The browser's clock may be behind the service's: what has happened is never shown as a time in the future.
  if (format === 'relative') return formatRelative(at, Math.max(now, Date.parse(at)))
  if (format === 'upcoming') return formatRelative(at, Math.min(now, Date.parse(at)))
  return format === 'exact' ? formatExact(at) : formatDateTime(at)
}
