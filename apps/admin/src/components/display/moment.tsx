// A moment in the reader's zone, with the exact time in UTC when pointed at.
import { formatExact, formatMoment, formatNear, formatUtc } from '../../text/times.ts'
import { useNow } from './now.ts'

interface MomentProps {
  readonly at: string
  /** `near`: "5 minutes ago". `exact`: to the second. */
  readonly as?: 'near' | 'moment' | 'exact'
}

/** Milliseconds after which "5 minutes ago" may be wrong. */
const REFRESH = 20_000

export function Moment({ at, as = 'moment' }: MomentProps) {
  const now = useNow(REFRESH)
  const text =
    as === 'near' ? formatNear(at, Math.max(now, Date.parse(at))) : as === 'exact' ? formatExact(at) : formatMoment(at)
  const utc = formatUtc(at)
  return (
    <time dateTime={at} title={as === 'near' ? `${formatExact(at)}\n${utc}` : utc}>
      {text}
    </time>
  )
}
