// How far an export or a download is: one living line on a terminal, now and then a plain line elsewhere.
import type { Export } from '@waybill/shared/contract/exports.ts'
import type { Output } from './output.ts'
import { sayBytes, sayCount, sayDuration, sayPlace, sayRows } from './wording.ts'

export interface Progress {
  export(found: Export): void
  download(bytes: number, total: number): void
  /** Takes the line away, until the next update. */
  clear(): void
}

const WIDTH = 24
/** Milliseconds between two plain lines; and between two drawings of a line, as a terminal is slow. */
const PLAIN_INTERVAL = 5_000
const DRAW_INTERVAL = 100
/** Milliseconds that the rate is taken over. */
const WINDOW = 10_000

export function createProgress({ progress: stream }: Output, now: () => number = () => performance.now()): Progress {
  const isLive = stream?.isTTY === true
  const show = createThrottle(isLive ? DRAW_INTERVAL : PLAIN_INTERVAL, now)
  const rows = createRate(now)
  const bytes = createRate(now)
  let drawn = false

  const put = (state: string, share: number | undefined, text: string) => {
    // A new state is told at once, whoever looks.
    if (stream === undefined || !show(state, share === 1)) return
    if (!isLive) return void stream.write(`${text}\n`)
    const line = share === undefined ? text : `${bar(share)}  ${text}`
    stream.write(`\r\x1b[2K${line.slice(0, (stream.columns || 100) - 1)}`)
    drawn = true
  }

  return {
    export({ status, progress, queue }) {
      if (status === 'queued') {
        rows.add(0)
        return put(status, undefined, `queued: ${sayPlace({ queue }) ?? 'waiting for a worker'}`)
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
  const filled = Math.round(Math.min(1, share) * WIDTH)
  return `${'█'.repeat(filled)}${'░'.repeat(WIDTH - filled)}`
}

function timeLeft(left: number | undefined, rate: number | undefined): string | undefined {
  if (left === undefined || rate === undefined || rate <= 0 || left <= 0) return undefined
  return `${sayDuration((left / rate) * 1000)} left`
}

/** Per second, over the last while: an average from the beginning would not notice that it has become slow. */
function createRate(now: () => number): { add(value: number): number | undefined } {
  const seen: { at: number; value: number }[] = []
  return {
    add(value) {
      const at = now()
      seen.push({ at, value })
      while (seen.length > 2 && at - (seen[0]?.at ?? at) > WINDOW) seen.shift()
      const first = seen[0]
      if (first === undefined || at - first.at < 500) return undefined
      return Math.max(0, ((value - first.value) / (at - first.at)) * 1000)
    },
  }
}

/** True when it is time again, when the state is a new one, and for the last word. */
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
