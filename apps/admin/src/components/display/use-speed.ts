// Measures the speed of a running export from its progress.
import { useEffect, useState } from 'react'
import type { Export } from '../../api.ts'
import { type Sample, type Speed, speedOf, WINDOW_MS } from '../../data/speed.ts'

/** @returns undefined until two responses show different progress */
export function useSpeed({ status, attempts, progress }: Export, now: number): Speed | undefined {
  const [samples, setSamples] = useState<readonly Sample[]>([])
  const run = status === 'running' ? attempts : 0
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new attempt starts again at the first row
  useEffect(() => setSamples([]), [run])
  useEffect(() => {
    if (run === 0) return
    const at = Date.now()
    setSamples((before) => [...before.filter((sample) => at - sample.at < WINDOW_MS), { at, rows: progress.rows }])
  }, [run, progress.rows])
  return speedOf(samples, progress.estimatedRows, now)
}
