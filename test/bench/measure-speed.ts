// How long an export takes beside the fastest that Postgres can do, and what the worker needs for it.
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { compileQuery } from '../../packages/shared/src/datasets/dataset.ts'
import { userPoints } from '../../packages/shared/src/datasets/user-points.ts'
import { runExport, verifyAndRemove } from './client.ts'
import { startNode } from './node-process.ts'
import type { FormatChoice } from './options.ts'
import { cpuSeconds, peakBytes, resetPeak } from './proc.ts'
import type { Speed, SpeedOfFormat } from './results.ts'
import { withClient } from './servers.ts'
import type { Service } from './service.ts'
import { median } from './statistics.ts'

export interface SpeedOptions {
  readonly rows: number
  readonly repeat: number
  readonly formats: readonly FormatChoice[]
  readonly databaseUrl: string
  readonly directory: string
  readonly say: (line: string) => void
}

/** Rows of the export that warms a worker up for a format. */
const WARM_UP_ROWS = 20_000
const POLL_EVERY = 20

export async function measureSpeed(service: Service, options: SpeedOptions): Promise<Omit<Speed, 'queue'>> {
  const { rows, repeat, databaseUrl, directory, say } = options
  const floor = await measureFloor(databaseUrl, repeat)
  say(`floor: ${seconds(floor.seconds)}`)
  const atOnce = await measureAtOnce(databaseUrl, join(directory, 'at-once.csv'))
  say(`all rows at once: ${seconds([atOnce.seconds])}`)
  service.startWorker()
  const exports: SpeedOfFormat[] = []
  for (const format of options.formats) {
    const measured = await measureFormat(service, format, options)
    say(`${format.name}: ${seconds(measured.seconds)}`)
    exports.push(measured)
  }
  await service.stopWorker()
  return { rows, floor, atOnce, exports }
}

function seconds(values: readonly number[]): string {
  return `${values.map((value) => value.toFixed(1)).join(', ')} s`
}

/** The statement of the export, without its parameter, which COPY cannot have. */
export function exportSql(): string {
  const columns = Object.keys(userPoints.columns)
  const { sql, values } = compileQuery(userPoints, { filters: {}, columns, limit: 100_000_001 })
  return sql.replaceAll(/\$(\d+)/g, (_, number: string) => `'${values[Number(number) - 1]}'`)
}

async function measureFloor(databaseUrl: string, repeat: number): Promise<Speed['floor']> {
  return withClient(databaseUrl, async (client) => {
    // As the worker's own session.
    await client.query(`SET work_mem = '64MB'; SET TimeZone = 'UTC'`)
    // Beside the cluster's own files: wherever the temporary directory is, the server may write there.
    const { rows } = await client.query<{ path: string }>(
      `SELECT current_setting('data_directory') || '/floor.csv' AS path`,
    )
    const path = rows[0]?.path ?? ''
    const copy = () => client.query(`COPY (${exportSql()}) TO '${path.replaceAll("'", "''")}' (FORMAT csv, HEADER)`)
    await copy()
    const measured: number[] = []
    while (measured.length < repeat) {
      const startedAt = performance.now()
      await copy()
      measured.push((performance.now() - startedAt) / 1000)
    }
    const size = await client.query<{ bytes: string }>(`SELECT size AS bytes FROM pg_stat_file($1)`, [path])
    await rm(path)
    return { seconds: measured, bytes: Number(size.rows[0]?.bytes) }
  })
}

async function measureAtOnce(databaseUrl: string, file: string): Promise<Speed['atOnce']> {
  const child = startNode({ program: 'test/bench/at-once.ts', args: [databaseUrl, file] })
  try {
    return JSON.parse(await child.firstLine) as Speed['atOnce']
  } finally {
    await child.stop()
    await rm(file, { force: true })
  }
}

async function measureFormat(service: Service, format: FormatChoice, options: SpeedOptions): Promise<SpeedOfFormat> {
  const { rows, repeat, directory } = options
  const file = join(directory, 'download')
  const warmUpRows = Math.min(rows, WARM_UP_ROWS)
  const warmUp = await runExport(service, { format, limit: warmUpRows, pollEvery: POLL_EVERY })
  await verifyAndRemove(service, warmUp, { format, rows: warmUpRows, file })

  const runs: { seconds: number; bytes: number; cpu: number | undefined; peak: number | undefined }[] = []
  while (runs.length < repeat) {
    if (!(await resetPeak(service.workerPid()))) await restartWorker(service, format)
    const pid = service.workerPid()
    const cpuBefore = await cpuSeconds(pid)
    const exported = await runExport(service, { format, pollEvery: POLL_EVERY })
    const cpuAfter = await cpuSeconds(pid)
    const cpu = cpuBefore === undefined || cpuAfter === undefined ? undefined : cpuAfter - cpuBefore
    runs.push({ seconds: exported.seconds, bytes: exported.bytes, cpu, peak: await peakBytes(pid) })
    await verifyAndRemove(service, exported, { format, rows, file })
  }
  await rm(file)
  const peaks = runs.map(({ peak }) => peak).filter((peak) => peak !== undefined)
  return {
    format: format.name,
    seconds: runs.map((run) => run.seconds),
    bytes: median(runs.map(({ bytes }) => bytes)),
    cpuSeconds: runs.map(({ cpu }) => cpu),
    peakBytes: peaks.length === 0 ? undefined : Math.max(...peaks),
  }
}

/** Where a peak cannot be reset, a new process starts with none. */
async function restartWorker(service: Service, format: FormatChoice): Promise<void> {
  await service.stopWorker()
  service.startWorker()
  await runExport(service, { format, limit: 1_000, pollEvery: POLL_EVERY })
}
