// How long a small export takes, where nothing but the way through the house counts.
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { FormatChoice } from '../options.ts'
import type { Service } from '../system/service.ts'
import { runExport, verifyAndRemove } from './client.ts'

const CSV: FormatChoice = { name: 'csv', format: 'csv', compression: 'none' }
const WARM_UP_RUNS = 20
const RUNS = 50
const POLL_EVERY = 2

/**
 * One after the other, on a database that has exactly so many user points: the sort of a million would be Postgres'
 * time, not ours. @returns milliseconds, ascending
 */
export async function measureLatency(service: Service, rows: number, directory: string): Promise<number[]> {
  service.startWorker()
  const milliseconds: number[] = []
  for (let run = 0; run < WARM_UP_RUNS + RUNS; run++) {
    const exported = await runExport(service, { format: CSV, pollEvery: POLL_EVERY })
    if (run >= WARM_UP_RUNS) milliseconds.push(exported.seconds * 1000)
    if (run === 0) {
      const file = join(directory, 'download')
      await verifyAndRemove(service, exported, { format: CSV, rows, file })
      await rm(file)
    }
  }
  await service.stopWorker()
  return milliseconds.sort((a, b) => a - b)
}
