// Measures the duration of an export and the CPU time and memory of the worker, in comparison with COPY of Postgres.
import { readFile, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type pg from 'pg'
import { userPoints } from '../../../packages/shared/src/datasets/user-points.ts'
import type { FormatChoice } from '../options.ts'
import type { PriorArt, Speed, SpeedOfFormat } from '../results.ts'
import { median } from '../statistics.ts'
import { startNode } from '../system/node-process.ts'
import { cpuSeconds, peakBytes, resetPeak, treeCpuSeconds } from '../system/proc.ts'
import { withClient } from '../system/servers.ts'
import type { Service } from '../system/service.ts'
import { runExport, verifyAndRemove } from './client.ts'

export interface SpeedOptions {
  readonly rows: number
  readonly repeat: number
  readonly formats: readonly FormatChoice[]
  readonly databaseUrl: string
  readonly directory: string
  /** Whether the storage stores the files. Then each file is downloaded and checked. */
  readonly keepsFiles: boolean
  readonly say: (line: string) => void
}

/** The number of rows of the warm-up export of each format. */
const WARM_UP_ROWS = 20_000
/** A long interval, because each poll uses CPU time that the measured processes need. */
const POLL_EVERY = 100

export async function measureSpeed(
  service: Service,
  options: SpeedOptions,
): Promise<Omit<Speed, 'queue' | 'embedded' | 'priorArt'>> {
  const { rows, repeat, formats, databaseUrl, directory, say } = options
  return withClient(databaseUrl, async (client) => {
    const { copy, serverPid } = await prepareFloor(client)
    const first = await copy() // the warm-up; only its size is used
    const floor: number[] = []
    const atOnce = await measureAtOnce(databaseUrl, join(directory, 'at-once.csv'))
    if (!options.keepsFiles) say(`all rows at once: ${seconds([atOnce.seconds])}`)
    service.startWorker()
    const exports: SpeedOfFormat[] = []
    for (const format of formats) {
      await warmUp(service, format, options)
      const runs: ExportRun[] = []
      while (runs.length < repeat) {
        // Measured before each export, so that other load on the machine affects both.
        floor.push((await copy()).seconds)
        runs.push(await measureExport(service, format, serverPid, options))
      }
      const floorSeconds = floor.slice(-repeat)
      exports.push({ ...summarize(format, runs), floorSeconds })
      say(`${format.name}: ${seconds(runs.map((run) => run.seconds))}; floor: ${seconds(floorSeconds)}`)
    }
    await service.stopWorker()
    return { rows, floor: { seconds: floor, bytes: first.bytes }, atOnce, exports }
  })
}

/** The whole table, as often as `repeat` says, into a storage that keeps nothing. @returns seconds of each run */
export async function measureScale(
  service: Service,
  { format, rows, repeat, say }: Pick<SpeedOptions, 'rows' | 'repeat' | 'say'> & { readonly format: FormatChoice },
): Promise<number[]> {
  service.startWorker()
  await runExport(service, { format, limit: WARM_UP_ROWS, pollEvery: POLL_EVERY })
  const runs: number[] = []
  while (runs.length < repeat) {
    const exported = await runExport(service, { format, pollEvery: POLL_EVERY })
    await verifyAndRemove(service, exported, { format, rows, file: undefined })
    runs.push(exported.seconds)
  }
  await service.stopWorker()
  say(`${format.name}, ${rows.toLocaleString('en')} rows: ${seconds(runs)}`)
  return runs
}

function seconds(values: readonly number[]): string {
  return `${values.map((value) => value.toFixed(1)).join(', ')} s`
}

/** The query of the export in the fastest form for COPY: with the cast to text before the sort, it runs in parallel workers. */
export function exportSql(): string {
  const texts = Object.values(userPoints.columns).map(({ sql }, index) => `(${sql})::text AS c${index}`)
  return `SELECT ${texts.join(', ')} FROM ${userPoints.from} ORDER BY ${userPoints.orderBy.join(', ')}`
}

interface Floor {
  /** Runs the COPY once. */
  readonly copy: () => Promise<{ seconds: number; bytes: number }>
  /** The process id of the postmaster. */
  readonly serverPid: number
}

async function prepareFloor(client: pg.Client): Promise<Floor> {
  // The settings of the worker's session.
  await client.query(`SET work_mem = '64MB'; SET TimeZone = 'UTC'`)
  // In the directory of the cluster, because the server may not be able to write to the temporary directory.
  const { rows } = await client.query<{ path: string }>(
    `SELECT current_setting('data_directory') || '/floor.csv' AS path`,
  )
  const path = rows[0]?.path ?? ''
  const serverPid = Number((await readFile(join(dirname(path), 'postmaster.pid'), 'utf8')).split('\n')[0])
  const statement = `COPY (${exportSql()}) TO '${path.replaceAll("'", "''")}' (FORMAT csv, HEADER)`
  const copy = async () => {
    const startedAt = performance.now()
    await client.query(statement)
    const took = (performance.now() - startedAt) / 1000
    const { size: bytes } = await stat(path)
    await rm(path)
    return { seconds: took, bytes }
  }
  return { copy, serverPid }
}

async function measureAtOnce(databaseUrl: string, file: string): Promise<Speed['atOnce']> {
  const child = startNode({ program: 'test/bench/measure/at-once.ts', args: [databaseUrl, file] })
  try {
    return JSON.parse(await child.firstLine) as Speed['atOnce']
  } finally {
    await child.stop()
    await rm(file, { force: true })
  }
}

/** Runs the other tools, each in a separate process. Tools that are not installed are omitted. */
export async function measurePriorArt(
  databaseUrl: string,
  s3: Readonly<Record<string, string>>,
  say: (line: string) => void,
): Promise<PriorArt[]> {
  const measured: PriorArt[] = []
  for (const name of ['psql', 'csv-stringify', 'exceljs']) {
    const env = { ...s3, PGOPTIONS: '' }
    const child = startNode({ program: 'test/bench/measure/prior-art.ts', args: [name, databaseUrl], env })
    try {
      const found = { name, ...(JSON.parse(await child.firstLine) as Omit<PriorArt, 'name'>) }
      measured.push(found)
      say(`${name}: ${seconds([found.seconds])}`)
    } catch (error) {
      say(`${name} is left out: ${error instanceof Error ? error.message.split('\n')[1] : error}`)
    } finally {
      await child.stop()
    }
  }
  return measured
}

async function warmUp(service: Service, format: FormatChoice, options: SpeedOptions): Promise<void> {
  const { rows, directory, keepsFiles } = options
  const limit = Math.min(rows, WARM_UP_ROWS)
  const exported = await runExport(service, { format, limit, pollEvery: POLL_EVERY })
  await verifyAndRemove(service, exported, {
    format,
    rows: limit,
    file: keepsFiles ? join(directory, 'download') : undefined,
  })
}

interface ExportRun {
  readonly seconds: number
  readonly bytes: number
  readonly cpuSeconds: number | undefined
  readonly databaseCpuSeconds: number | undefined
  readonly peakBytes: number | undefined
}

async function measureExport(
  service: Service,
  format: FormatChoice,
  serverPid: number,
  options: SpeedOptions,
): Promise<ExportRun> {
  if (!(await resetPeak(service.workerPid()))) await restartWorker(service, format)
  const pid = service.workerPid()
  const before = await cpuSeconds(pid)
  const databaseBefore = await treeCpuSeconds(serverPid)
  const exported = await runExport(service, { format, pollEvery: POLL_EVERY })
  const after = await cpuSeconds(pid)
  const databaseAfter = await treeCpuSeconds(serverPid)
  const peak = await peakBytes(pid)
  const file = options.keepsFiles ? join(options.directory, 'download') : undefined
  await verifyAndRemove(service, exported, { format, rows: options.rows, file })
  if (file !== undefined) await rm(file)
  return {
    seconds: exported.seconds,
    bytes: exported.bytes,
    cpuSeconds: difference(before, after),
    databaseCpuSeconds: difference(databaseBefore, databaseAfter),
    peakBytes: peak,
  }
}

function difference(before: number | undefined, after: number | undefined): number | undefined {
  return before === undefined || after === undefined ? undefined : after - before
}

function summarize({ name }: FormatChoice, runs: readonly ExportRun[]): Omit<SpeedOfFormat, 'floorSeconds'> {
  const peaks = runs.map((run) => run.peakBytes).filter((peak) => peak !== undefined)
  return {
    format: name,
    seconds: runs.map((run) => run.seconds),
    bytes: median(runs.map((run) => run.bytes)),
    cpuSeconds: runs.map((run) => run.cpuSeconds),
    databaseCpuSeconds: runs.map((run) => run.databaseCpuSeconds),
    peakBytes: peaks.length === 0 ? undefined : Math.max(...peaks),
  }
}

/** Starts a new process if the peak cannot be reset. */
async function restartWorker(service: Service, format: FormatChoice): Promise<void> {
  await service.stopWorker()
  service.startWorker()
  await runExport(service, { format, limit: 1_000, pollEvery: POLL_EVERY })
}
