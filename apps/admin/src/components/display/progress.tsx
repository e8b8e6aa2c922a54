// How far an export is: a bar with rows, rate and time left, or its place in the queue.
import type { Export } from '../../api.ts'
import { t } from '../../strings.ts'
import { formatDuration, formatNumber, roughly } from '../../text/quantities.ts'
import { useNow } from './now.ts'
import { useSpeed } from './speed.ts'

export function Progress({ of: one }: { readonly of: Export }) {
  const now = useNow(1_000)
  const speed = useSpeed(one, now)
  const { rows, estimatedRows, percent } = one.progress
  const isRunning = one.status === 'running'
  const value = isRunning && percent !== null ? { value: percent } : {}
  const words = isRunning
    ? [
        percent === null ? undefined : t.progress.percent(percent),
        estimatedRows === null || estimatedRows < rows
          ? t.progress.rows(formatNumber(rows))
          : t.progress.rowsOf(formatNumber(rows), formatNumber(roughly(estimatedRows))),
        speed && t.progress.rate(formatNumber(roughly(Math.round(speed.rowsPerSecond)))),
        speed?.left !== undefined && t.progress.left(formatDuration(speed.left)),
      ]
    : [
        t.progress.waiting(formatDuration(Math.max(0, now - Date.parse(one.createdAt)))),
        one.queue !== undefined && t.progress.ahead(one.queue.ahead),
        one.attempts > 0 && t.progress.again(one.attempts + 1),
      ]
  return (
    <div className={`progress ${one.status}`}>
      <progress max={100} {...value} aria-label={t.progress.label(one.dataset)} />
      <span className="words">{words.filter((word) => typeof word === 'string').join(' · ')}</span>
    </div>
  )
}
