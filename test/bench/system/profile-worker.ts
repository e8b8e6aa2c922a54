// Records a CPU profile of the worker for each format, and summarizes the time of its main thread.
import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { runExport } from '../measure/client.ts'
import type { FormatChoice } from '../options.ts'
import { table } from '../report.ts'
import { readSelfTimes } from './cpu-profile.ts'
import type { Service } from './service.ts'

const SHOWN = 25

/** Writes `<format>.cpuprofile` files, which Chrome's developer tools open. @returns tables of self time */
export async function profileWorker(service: Service, formats: readonly FormatChoice[], directory: string) {
  await mkdir(directory, { recursive: true })
  const tables: string[] = []
  for (const format of formats) {
    const name = `${format.name}.cpuprofile`
    service.startWorker(['--cpu-prof', `--cpu-prof-dir=${resolve(directory)}`, `--cpu-prof-name=${name}`])
    const exported = await runExport(service, { format, pollEvery: 20 })
    await service.stopWorker() // the worker writes the profile when it ends
    const times = await readSelfTimes(join(directory, name))
    const total = times.reduce((sum, { milliseconds }) => sum + milliseconds, 0)
    const lines = times
      .slice(0, SHOWN)
      .map(({ where, milliseconds }) => [
        where,
        milliseconds.toFixed(0),
        `${((milliseconds / total) * 100).toFixed(1)} %`,
      ])
    tables.push(
      `${format.name}: ${exported.seconds.toFixed(1)} s under the profiler\n\n${table(['self time', 'ms', 'share'], lines)}`,
    )
  }
  return tables.join('\n\n')
}
