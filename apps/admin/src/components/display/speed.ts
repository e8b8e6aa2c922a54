// Follows the progress of an export to tell its speed.
import { useEffect, useState } from 'react'
import type { Export } from '../../api.ts'
import { type Sample, type Speed, speedOf, WINDOW } from '../../data/speed.ts'

/** Undefined until two looks at a running export have seen it move. */
export function useSpeed({ status, attempts, progress }: Export, now: number): Speed | undefined {
  const [samples, setSamples] = useState<readonly Sample[]>([])
  const run = status === 'running' ? attempts : 0
  // biome-ignore lint/correctness/useExhaustiveDependencies: another attempt begins at its first row again
  useEffect(() => setSamples([]), [run])
  useEffect(() => {
    if (run === 0) return
    const at = Date.now()
    setSamples((before) => [...before.filter((sample) => at - sample.at < WINDOW), { at, rows: progress.rows }])
  }, [run, progress.rows])
  return speedOf(samples, progress.estimatedRows, now)
}
