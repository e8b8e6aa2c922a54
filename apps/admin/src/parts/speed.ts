// How fast an export is and how long it still takes, from what was seen of its progress.
import { useEffect, useState } from 'react'
import type { Export } from '../api.ts'

export interface Speed {
  readonly rowsPerSecond: number
  /** Milliseconds; undefined: the planner's estimate does not allow to say. */
  readonly left: number | undefined
}

interface Sample {
  readonly at: number
  readonly rows: number
}

/** Milliseconds that are looked back on: long enough to be steady, short enough to notice a change. */
const WINDOW = 10_000

/** Undefined until two looks at a running export have seen it move. */
export function useSpeed({ status, attempts, progress }: Export): Speed | undefined {
  const [samples, setSamples] = useState<readonly Sample[]>([])
  const run = status === 'running' ? attempts : 0
  // biome-ignore lint/correctness/useExhaustiveDependencies: another attempt begins at its first row again
  useEffect(() => setSamples([]), [run])
  useEffect(() => {
    if (run === 0) return
    const now = Date.now()
    setSamples((before) => [...before.filter(({ at }) => now - at < WINDOW), { at: now, rows: progress.rows }])
  }, [run, progress.rows])
  return speedOf(samples, progress.estimatedRows)
}

export function speedOf(samples: readonly Sample[], estimatedRows: number | null): Speed | undefined {
  const [first, last] = [samples[0], samples.at(-1)]
  if (first === undefined || last === undefined || last.at === first.at) return undefined
  const rowsPerSecond = ((last.rows - first.rows) / (last.at - first.at)) * 1000
  if (rowsPerSecond <= 0) return undefined
  const rowsLeft = estimatedRows === null ? 0 : estimatedRows - last.rows
  return { rowsPerSecond, left: rowsLeft > 0 ? (rowsLeft / rowsPerSecond) * 1000 : undefined }
}
