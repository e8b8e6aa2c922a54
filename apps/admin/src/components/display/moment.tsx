// A time in the reader's time zone, with the exact time in UTC as a tooltip.
import { formatExact, formatMoment, formatNear, formatUtc } from '../../text/times.ts'
import { useNow } from './now.ts'

interface MomentProps {
  readonly at: string
  /** `near`: "5 minutes ago". `exact`: to the second. */
  readonly as?: 'near' | 'moment' | 'exact'
}

/** How often relative times such as "5 minutes ago" are recomputed. */
const RELATIVE_TIME_REFRESH_MS = 20_000

export function Moment({ at, as = 'moment' }: MomentProps) {
  const now = useNow(RELATIVE_TIME_REFRESH_MS)
  const text =
    as === 'near' ? formatNear(at, Math.max(now, Date.parse(at))) : as === 'exact' ? formatExact(at) : formatMoment(at)
  const utc = formatUtc(at)
  return (
    <time dateTime={at} title={as === 'near' ? `${formatExact(at)}\n${utc}` : utc}>
      {text}
    </time>
  )
}
