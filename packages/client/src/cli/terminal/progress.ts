// The progress of an export or a download: a progress bar on a terminal, a plain line every few seconds elsewhere.
import type { Export } from '@waybill/shared/contract/exports.ts'
import { replaceControlsInLine } from './controls.ts'
import type { Output } from './output.ts'
import { sayBytes, sayCount, sayDuration, sayRows, sayWait } from './wording.ts'

export interface Progress {
  export(found: Export): void
  download(bytes: number, total: number): void
  /** Removes the bar until the next update. */
  clear(): void
}

const BAR_WIDTH = 24
const PLAIN_LINE_INTERVAL_MS = 5_000
const REDRAW_INTERVAL_MS = 100
/** The period over which the rate is measured. */
const RATE_WINDOW_MS = 10_000
/** A rate over a shorter period is not shown. */
const MIN_RATE_PERIOD_MS = 500
const DEFAULT_COLUMNS = 100

export function createProgress({ progress: stream }: Output, now: () => number = () => performance.now()): Progress {
  const isLive = stream?.isTTY === true
  const show = createThrottle(isLive ? REDRAW_INTERVAL_MS : PLAIN_LINE_INTERVAL_MS, now)
  const rows = createRate(now)
  const bytes = createRate(now)
  let drawn = false

  const put = (state: string, share: number | undefined, unsafe: string) => {
    if (stream === undefined || !show(state, share === 1)) return
    const text = replaceControlsInLine(unsafe)
    if (!isLive) return void stream.write(`${text}\n`)
    const line = share === undefined ? text : `${bar(share)}  ${text}`
    stream.write(`\r\x1b[2K${line.slice(0, (stream.columns || DEFAULT_COLUMNS) - 1)}`)
    drawn = true
  }

  return {
    export(found) {
      const { status, progress, waitingFor } = found
      if (status === 'queued') {
        rows.add(0)
        return put(`${status} ${waitingFor}`, undefined, `queued: ${sayWait(found, Date.now())}`)
      }
      if (status !== 'running') return
      const rate = rows.add(progress.rows)
      const left = progress.estimatedRows === null ? undefined : progress.estimatedRows - progress.rows
      put(
        status,
        progress.percent === null ? undefined : progress.percent / 100,
        line(
          progress.percent === null ? undefined : `${progress.percent} %`,
          sayRows(progress.rows),
          rate === undefined ? undefined : `${sayCount(rate)} rows/s`,
          timeLeft(left, rate),
        ),
      )
    },
    download(done, total) {
      const rate = bytes.add(done)
      const share = total === 0 ? 1 : done / total
      put(
        'download',
        share,
        line(
          `${Math.floor(share * 100)} %`,
          `${sayBytes(done)} of ${sayBytes(total)}`,
          rate === undefined ? undefined : `${sayBytes(rate)}/s`,
          timeLeft(total - done, rate),
        ),
      )
    },
    clear() {
      if (drawn) stream?.write('\r\x1b[2K')
      drawn = false
    },
  }
}

function line(...parts: (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined).join(', ')
}

function bar(share: number): string {
  const filled = Math.round(Math.min(1, share) * BAR_WIDTH)
  return `${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)}`
}

function timeLeft(left: number | undefined, rate: number | undefined): string | undefined {
  if (left === undefined || rate === undefined || rate <= 0 || left <= 0) return undefined
  return `${sayDuration((left / rate) * 1000)} left`
}

/** The rate per second over the last seconds. An average since the start would hide that the export became slow. */
function createRate(now: () => number): { add(value: number): number | undefined } {
  const seen: { at: number; value: number }[] = []
  return {
    add(value) {
      const at = now()
      seen.push({ at, value })
      while (seen.length > 2 && at - (seen[0]?.at ?? at) > RATE_WINDOW_MS) seen.shift()
      const first = seen[0]
      if (first === undefined || at - first.at < MIN_RATE_PERIOD_MS) return undefined
      return Math.max(0, ((value - first.value) / (at - first.at)) * 1000)
    },
  }
}

/** True when the interval has passed, when the state changes, and for the last update. */
function createThrottle(interval: number, now: () => number): (state: string, isLast: boolean) => boolean {
  let last = Number.NEGATIVE_INFINITY
  let before = ''
  return (state, isLast) => {
    if (state === before && !isLast && now() - last < interval) return false
    last = now()
    before = state
    return true
  }
}
