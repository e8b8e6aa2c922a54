// Durations on the command line: 30s, 10m, 2h.
import { UsageError } from './usage-error.ts'

const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000 } as const

/** @returns milliseconds @throws UsageError */
export function readDuration(flag: string, text: string): number {
  const [, count, unit] = /^(\d{1,6})([smh])$/.exec(text) ?? []
  if (count === undefined) throw new UsageError(`${flag} must be a duration like 30s, 10m or 2h, not "${text}"`)
  return Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS]
}
