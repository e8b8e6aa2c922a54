// The progress of an export: a bar with rows, rate and time left, or its position in the queue.
import type { Export } from '../../api.ts'
import { progressText } from '../../strings/export.ts'
import { formatDuration, formatNumber, roughly } from '../../text/quantities.ts'
import { useNow } from './use-now.ts'
import { useSpeed } from './use-speed.ts'

export function Progress({ record }: { readonly record: Export }) {
  const now = useNow(1_000)
  const speed = useSpeed(record, now)
  const { rows, estimatedRows, percent } = record.progress
  const isRunning = record.status === 'running'
  const isSorting = isRunning && rows === 0
  const value = isRunning && !isSorting && percent !== null ? { value: percent } : {}
  const words = isSorting
    ? [
        progressText.sorting,
        estimatedRows !== null && estimatedRows > 0
          ? progressText.estimated(formatNumber(roughly(estimatedRows)))
          : undefined,
      ]
    : isRunning
      ? [
          percent === null ? undefined : progressText.percent(percent),
          estimatedRows === null || estimatedRows < rows
            ? progressText.rows(formatNumber(rows))
            : progressText.rowsOf(formatNumber(rows), formatNumber(roughly(estimatedRows))),
          speed && progressText.rate(formatNumber(roughly(Math.round(speed.rowsPerSecond)))),
          speed?.left !== undefined && progressText.left(formatDuration(speed.left)),
        ]
      : waitWords(record, now)
  return (
    <div className={`progress ${record.status}`}>
      <progress max={100} {...value} aria-label={progressText.label(record.dataset)} />
      <span className="words">{words.filter((word) => typeof word === 'string').join(' · ')}</span>
    </div>
  )
}

/** What a queued export waits for, and when it is attempted again. */
function waitWords({ waitingFor, nextAttemptAt, queue, attempts, createdAt }: Export, now: number): string[] {
  const next = nextAttemptAt === null ? undefined : nextAttempt(Date.parse(nextAttemptAt) - now)
  switch (waitingFor) {
    case 'storage':
    case 'source':
      return [progressText.outage[waitingFor], next ?? progressText.asSoonAsPossible]
    case 'retry':
      return [progressText.retry, next ?? progressText.nextAttemptSoon]
    default: {
      const place = queue === undefined ? [] : [progressText.ahead(queue.ahead)]
      // The age of the request says nothing about the wait for the next attempt.
      const age = formatDuration(Math.max(0, now - Date.parse(createdAt)))
      return [...place, attempts === 0 ? progressText.waiting(age) : progressText.nextAttemptSoon]
    }
  }
}

/** Never "in 0 s": the clocks of the browser and of the server differ, and a worker must be free. */
function nextAttempt(milliseconds: number): string {
  return milliseconds < 1_000 ? progressText.nextAttemptSoon : progressText.nextAttempt(formatDuration(milliseconds))
}
