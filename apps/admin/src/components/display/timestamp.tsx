// A time in the reader's time zone, with the exact time in UTC as a tooltip.
import { formatDateTime, formatExact, formatRelative, formatUtc } from '../../text/times.ts'
import { useNow } from './use-now.ts'

interface TimestampProps {
  readonly at: string
  /** `relative`: "5 minutes ago". `exact`: to the second. */
  readonly format?: 'relative' | 'date-time' | 'exact'
}

/** How often relative times such as "5 minutes ago" are recomputed. */
const RELATIVE_TIME_REFRESH_MS = 20_000

export function Timestamp({ at, format = 'date-time' }: TimestampProps) {
  const now = useNow(RELATIVE_TIME_REFRESH_MS)
  const text =
    format === 'relative'
      ? formatRelative(at, Math.max(now, Date.parse(at)))
      : format === 'exact'
        ? formatExact(at)
        : formatDateTime(at)
  const utc = formatUtc(at)
  return (
    <time dateTime={at} title={format === 'relative' ? `${formatExact(at)}\n${utc}` : utc}>
      {text}
    </time>
  )
}
