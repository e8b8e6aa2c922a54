// `npm run bench`: measures the service with generated rows, prints tables, and exits with 1 if a target is missed.
import { mkdtempSync, rmSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { untilSignal } from '../../packages/shared/src/process/signals.ts'
import { measureLatency, measureThroughput } from './measure/latency.ts'
import { measureMemory } from './measure/memory.ts'
import { measurePriorArt, measureScale, measureSpeed } from './measure/speed.ts'
import { type BenchOptions, type FormatChoice, parseOptions, USAGE, UsageError } from './options.ts'
import { report } from './report.ts'
import { type BenchResult, describeMachine, type Latency, type Scale } from './results.ts'
import { profileWorker } from './system/profile-worker.ts'
import { createDatabase, growDatabase, type Servers, SLOW_BYTES_PER_SECOND, startServers } from './system/servers.ts'
import { type Service, startService, WORKER_FLAGS } from './system/service.ts'
import { missedTargets } from './targets.ts'

const LATENCY_ROWS = 1_000
/** Further rows are copies of these, which is faster than generating them. */
const GENERATED_ROWS = 1_000_000

const SCALE_FORMAT: FormatChoice = { name: 'csv', format: 'csv', compression: 'none' }
const SCALE_FACTOR = 5

interface Run {
  readonly options: BenchOptions
  readonly directory: string
  readonly servers: Servers
  readonly say: (line: string) => void
  /** Starts API and worker settings on a database, for as long as `use` takes. */
  withService<T>(
    databaseUrl: string,
    queue: 'postgres' | 'redis',
    use: (service: Service) => Promise<T>,
    s3?: Servers['s3'],
  ): Promise<T>
}

const startedAt = performance.now()
const say = (line: string) => {
  process.stderr.write(`${`${((performance.now() - startedAt) / 1000).toFixed(0)} s`.padStart(6)}  ${line}\n`)
}

async function measure(run: Run): Promise<BenchResult> {
  const { options, servers } = run
  const { parts } = options
  const latency = parts.has('latency') ? await latencyPart(run) : undefined
  const largest = Math.max(...options.memoryRows)
  const beginsSmall = parts.has('speed') || parts.has('scale')
  const wanted = Math.max(beginsSmall ? options.rows : 0, parts.has('memory') ? largest : 0)
  const databaseUrl = wanted === 0 ? '' : await largeDatabase(run, beginsSmall ? options.rows : wanted)
  const speed = parts.has('speed') ? await speedPart(run, databaseUrl) : undefined
  const scale = parts.has('scale') ? await scalePart(run, databaseUrl) : undefined
  const memory = parts.has('memory') ? await memoryPart(run, databaseUrl) : undefined
  return {
    measuredAt: new Date().toISOString(),
    machine: {
      ...describeMachine(),
      postgres: servers.postgresVersion,
      workerFlags: options.workerFlags ?? WORKER_FLAGS,
      settings: options.settings,
    },
    ...(speed && { speed }),
    ...(latency && { latency }),
    ...(scale && { scale }),
    ...memory,
  }
}

async function latencyPart({ options, servers, directory, say, withService }: Run): Promise<Latency[]> {
  const databaseUrl = await createDatabase(servers, 'bench_small', LATENCY_ROWS)
  const measured: Latency[] = []
  for (const queue of options.queue === 'redis' ? (['postgres', 'redis'] as const) : (['postgres'] as const)) {
    say(`small exports, queue: ${queue}`)
    const found = await withService(databaseUrl, queue, async (service) => ({
      milliseconds: await measureLatency(service, LATENCY_ROWS, directory),
      perSecond: await measureThroughput(service, databaseUrl),
    }))
    measured.push({ queue, rows: LATENCY_ROWS, ...found })
  }
  return measured
}

async function largeDatabase({ servers, say }: Run, rows: number): Promise<string> {
  say(`generating ${rows.toLocaleString('en')} user points`)
  const databaseUrl = await createDatabase(servers, 'bench_large', Math.min(rows, GENERATED_ROWS))
  if (rows > GENERATED_ROWS) await growDatabase(databaseUrl, rows)
  return databaseUrl
}

async function speedPart({ options, servers, directory, say, withService }: Run, databaseUrl: string) {
  const { rows, repeat, formats, queue } = options
  const common = { rows, formats, databaseUrl, directory, say }
  say('speed, into a storage that only counts')
  const measured = await withService(
    databaseUrl,
    queue,
    (service) => measureSpeed(service, { ...common, repeat, keepsFiles: false }),
    servers.countingS3,
  )
  say('by other means')
  const priorArt = await measurePriorArt(databaseUrl, servers.countingS3, say)
  say('speed, into the embedded S3 server, each file read back')
  const { exports: embedded } = await withService(databaseUrl, queue, (service) =>
    measureSpeed(service, { ...common, repeat: 1, keepsFiles: true }),
  )
  return { ...measured, queue, embedded, priorArt }
}

/** The table grows between the two sizes, and stays as large. */
async function scalePart({ options, servers, say, withService }: Run, databaseUrl: string): Promise<Scale> {
  const { rows, repeat, queue } = options
  const sizes: Scale['sizes'][number][] = []
  for (const size of [rows, SCALE_FACTOR * rows]) {
    say(`scale: ${size.toLocaleString('en')} user points`)
    await growDatabase(databaseUrl, size)
    const measured = (service: Service) => measureScale(service, { format: SCALE_FORMAT, rows: size, repeat, say })
    sizes.push({ rows: size, seconds: await withService(databaseUrl, queue, measured, servers.countingS3) })
  }
  return { format: SCALE_FORMAT.name, sizes }
}

async function memoryPart({ options, servers, directory, say, withService }: Run, databaseUrl: string) {
  const { memoryRows, repeat, formats, queue } = options
  const largest = Math.max(...memoryRows)
  say(`memory: as many as ${largest.toLocaleString('en')} user points are needed`)
  await growDatabase(databaseUrl, largest)
  const common = { repeat, formats, directory, say }
  const memory = await withService(
    databaseUrl,
    queue,
    (service) => measureMemory(service, { ...common, rows: memoryRows, keepsFiles: false }),
    servers.countingS3,
  )
  say('memory, with a slow storage')
  const slow = await withService(
    databaseUrl,
    queue,
    (service) => measureMemory(service, { ...common, repeat: 1, rows: [Math.min(...memoryRows)], keepsFiles: false }),
    servers.slowS3,
  )
  return { memory, slowStorage: { bytesPerSecond: SLOW_BYTES_PER_SECOND, memory: slow } }
}

async function profile(run: Run, target: string): Promise<string> {
  const databaseUrl = await largeDatabase(run, run.options.rows)
  run.say('profiling')
  return run.withService(databaseUrl, run.options.queue, (service) =>
    profileWorker(service, run.options.formats, target),
  )
}

async function bench(options: BenchOptions): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'waybill-bench-'))
  // Also if the run is interrupted. The exit hooks of the servers stop them then.
  const remove = () => rmSync(directory, { recursive: true, force: true, maxRetries: 10 })
  process.once('exit', remove)
  const broken = Promise.withResolvers<never>()
  broken.promise.catch(() => undefined) // it may reject after the end of the run
  const onDeath = broken.reject
  const stack = new AsyncDisposableStack()

  const work = async (): Promise<number> => {
    say('starting Postgres and S3')
    const redis = options.queue === 'redis'
    const servers = await startServers({ directory, redis, say, onDeath }, stack)
    const workerFlags = options.workerFlags ?? WORKER_FLAGS
    const withService: Run['withService'] = async (databaseUrl, queue, use, s3 = servers.s3) => {
      const { settings } = options
      const service = await startService({ servers, s3, databaseUrl, queue, settings, workerFlags, onDeath })
      stack.defer(() => service.stop()) // if the run is interrupted; stopping twice is safe
      const result = await use(service)
      await service.stop()
      return result
    }
    const run: Run = { options, directory, servers, say, withService }
    if (options.profile !== undefined) {
      process.stdout.write(`${await profile(run, options.profile)}\n`)
      return 0
    }
    const result = await measure(run)
    process.stdout.write(`${report(result)}\n`)
    if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(result, null, 2)}\n`)
    const missed = missedTargets(result)
    for (const line of missed) process.stderr.write(`target missed: ${line}\n`)
    return missed.length > 0 && options.targets ? 1 : 0
  }
  const interrupted = untilSignal().then((signal) => {
    say(`${signal}: stopping`)
    return signal === 'SIGINT' ? 130 : 143
  })
  try {
    const working = work()
    working.catch(() => undefined) // after the race, errors that follow from the stop are expected
    return await Promise.race([working, interrupted, broken.promise])
  } finally {
    await stack.disposeAsync()
    remove()
  }
}

try {
  process.exit(await bench(parseOptions(process.argv.slice(2))))
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  process.stderr.write(`${error.message}\n\n${USAGE}\n`)
  process.exit(2)
}
