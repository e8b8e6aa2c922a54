// Measures the peak memory of the worker for files of different lengths.
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { FormatChoice } from '../options.ts'
import type { MemoryOfExport } from '../results.ts'
import { peakBytes } from '../system/proc.ts'
import type { Service } from '../system/service.ts'
import { runExport, verifyAndRemove } from './client.ts'

export interface MemoryOptions {
  /** Ascending. The database has as many rows as the last value. */
  readonly rows: readonly number[]
  readonly repeat: number
  readonly formats: readonly FormatChoice[]
  readonly directory: string
  /** Whether the storage keeps the files: then each is read back and checked. */
  readonly keepsFiles: boolean
  readonly say: (line: string) => void
}

const POLL_EVERY = 20

/** Starts a new worker for each export, because the heap of an earlier export would change the result. */
export async function measureMemory(service: Service, options: MemoryOptions): Promise<MemoryOfExport[]> {
  const measured: MemoryOfExport[] = []
  for (const format of options.formats) {
    for (const rows of options.rows) {
      const runs: ExportRun[] = []
      while (runs.length < options.repeat) runs.push(await measureExport(service, format, rows, options))
      const peaks = runs.map(({ peak }) => peak).filter((peak) => peak !== undefined)
      const megabytes = peaks.map((peak) => Math.round(peak / 1e6)).join(', ')
      options.say(`${format.name}, ${rows.toLocaleString('en')} rows: ${megabytes} MB`)
      measured.push({ format: format.name, rows, seconds: runs.map(({ seconds }) => seconds), peakBytes: peaks })
    }
  }
  return measured
}

interface ExportRun {
  readonly seconds: number
  readonly peak: number | undefined
}

async function measureExport(
  service: Service,
  format: FormatChoice,
  rows: number,
  { directory, keepsFiles }: MemoryOptions,
): Promise<ExportRun> {
  const file = keepsFiles ? join(directory, 'download') : undefined
  service.startWorker()
  const exported = await runExport(service, { format, limit: rows, pollEvery: POLL_EVERY })
  const peak = await peakBytes(service.workerPid())
  await service.stopWorker()
  await verifyAndRemove(service, exported, { format, rows, file })
  if (file !== undefined) await rm(file)
  return { seconds: exported.seconds, peak }
}
