// Says how old the shown data is, once it is older than a few refreshes or the connection is lost.
import { connection } from '../../data/connection.ts'
import { useStore } from '../../data/store.ts'
import { componentText } from '../../strings/components.ts'
import { formatRelative } from '../../text/times.ts'
import { Icon } from './icon.tsx'
import { useNow } from './use-now.ts'

/** Longer than the longest refetch interval and a slow answer. */
const STALE_AFTER_MS = 30_000

const CLOCK_INTERVAL_MS = 5_000

/** @param updatedAt milliseconds since 1970 of the last answer; 0: there was none */
export function useIsStale(updatedAt: number): boolean {
  const now = useNow(CLOCK_INTERVAL_MS)
  const isLost = useStore(connection) === 'lost'
  return updatedAt > 0 && (isLost || now - updatedAt >= STALE_AFTER_MS)
}

export function Freshness({ updatedAt }: { readonly updatedAt: number }) {
  const now = useNow(CLOCK_INTERVAL_MS)
  if (!useIsStale(updatedAt)) return null
  return (
    <p className="stale" role="status">
      <Icon name="clock" />
      {componentText.stale(formatRelative(new Date(updatedAt).toISOString(), now))}
    </p>
  )
}
