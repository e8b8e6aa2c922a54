// Formats numbers, sizes, times and warnings for the terminal.
import type { Export } from '@waybill/shared/contract/exports.ts'

const COUNT = new Intl.NumberFormat('en')

export function sayCount(count: number): string {
  return COUNT.format(Math.round(count))
}

/** `1 row`, `2 rows` */
export function sayRows(count: number): string {
  return `${sayCount(count)} ${count === 1 ? 'row' : 'rows'}`
}

/** In decimal units, as disks and browsers show them: `1.2 MB` */
export function sayBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let [value, unit] = [bytes, 0]
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000
    unit += 1
  }
  return `${value < 9.95 && unit > 0 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`
}

/** `0:05`, `12:34`, `1:02:03` */
export function sayDuration(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000))
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
  const tail = String(s).padStart(2, '0')
  return h > 0 ? `${h}:${String(m).padStart(2, '0')}:${tail}` : `${m}:${tail}`
}

/** In UTC, without fractions of a second. */
export function sayTime(instant: string | null): string {
  return instant === null ? '' : `${instant.slice(0, 19).replace('T', ' ')}Z`
}

/**
 * The position of a queued export; undefined when it is the first. The order can change, because callers take turns.
 */
export function sayPlace({ queue }: Pick<Export, 'queue'>): string | undefined {
  if (queue === undefined || queue.ahead === 0) return undefined
  return queue.ahead === 1 ? '1 export ahead' : `${sayCount(queue.ahead)} exports ahead`
}

const OUTAGES = { storage: 'the object storage is unavailable', source: 'the source database is unavailable' } as const

/** What a queued export waits for. @param now milliseconds since 1970 */
export function sayWait(found: Pick<Export, 'queue' | 'waitingFor' | 'nextAttemptAt'>, now: number): string {
  const { waitingFor, nextAttemptAt } = found
  // At least a second: a time that is over means that a worker is about to take it.
  const delay = nextAttemptAt == null ? undefined : sayDuration(Math.max(1_000, Date.parse(nextAttemptAt) - now))
  if (waitingFor === 'storage' || waitingFor === 'source') {
    return `${OUTAGES[waitingFor]}; ${delay === undefined ? 'it continues when it is available' : `next attempt in ${delay}`}`
  }
  if (waitingFor === 'retry')
    return `the last attempt failed; next attempt ${delay === undefined ? 'soon' : `in ${delay}`}`
  return sayPlace(found) ?? 'waiting for a worker'
}

const WARNINGS: Readonly<Record<string, (count: number) => string>> = {
  CELL_CUT: (count) => `${sayCount(count)} cells exceeded the limit of Excel and were truncated`,
  SHEET_ROLLED_OVER: (count) => `the rows did not fit on one sheet: ${sayCount(count)} more sheets were added`,
  VALUE_AS_TEXT: (count) => `${sayCount(count)} values that Excel cannot represent were written as text`,
}

/** What the user must know before using the file. */
export function sayWarnings({ truncated, limit, warnings }: Export): string[] {
  const reason = limit === null ? 'the row limit of the server' : `the limit of ${sayRows(limit)}`
  return [
    ...(truncated ? [`the file is incomplete: ${reason} was reached`] : []),
    ...warnings.map(({ code, count }) => WARNINGS[code]?.(count) ?? `${code}: ${count}`),
  ]
}

/** The name of a caller, with a mark when it comes from the identity provider. A server of an earlier version sends no kind. */
export function sayCaller(name: string, kind: 'api-key' | 'oidc' | 'waybill' | undefined): string {
  return kind === 'oidc' ? `${name} (OIDC)` : name
}
