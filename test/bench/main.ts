// `npm run bench`: measures the service on generated rows, prints tables, and fails when a promise is not kept.
import { mkdtempSync, rmSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { untilSignal } from '../../packages/shared/src/process/signals.ts'
import { measureLatency } from './measure/latency.ts'
import { measureMemory } from './measure/memory.ts'
import { measurePriorArt, measureSpeed } from './measure/speed.ts'
import { type BenchOptions, parseOptions, USAGE, UsageError } from './options.ts'
import { report } from './report.ts'
import { type BenchResult, describeMachine, type Latency } from './results.ts'
import { profileWorker } from './system/profile-worker.ts'
import { createDatabase, growDatabase, type Servers, startServers } from './system/servers.ts'
import { type Service, startService, WORKER_FLAGS } from './system/service.ts'
import { missedTargets } from './targets.ts'

const LATENCY_ROWS = 1_000
/** More are made of them by copying, which is faster. */
const GENERATED_ROWS = 1_000_000

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
  const wanted = Math.max(parts.has('speed') ? options.rows : 0, parts.has('memory') ? largest : 0)
  const databaseUrl = wanted === 0 ? '' : await largeDatabase(run, parts.has('speed') ? options.rows : wanted)
  const speed = parts.has('speed') ? await speedPart(run, databaseUrl) : undefined
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
    ...(memory && { memory }),
  }
}

async function latencyPart({ options, servers, directory, say, withService }: Run): Promise<Latency[]> {
  const databaseUrl = await createDatabase(servers, 'bench_small', LATENCY_ROWS)
  const measured: Latency[] = []
  for (const queue of options.queue === 'redis' ? (['postgres', 'redis'] as const) : (['postgres'] as const)) {
    say(`small exports, queue: ${queue}`)
    const milliseconds = await withService(databaseUrl, queue, (service) =>
      measureLatency(service, LATENCY_ROWS, directory),
    )
    measured.push({ queue, rows: LATENCY_ROWS, milliseconds })
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

async function memoryPart({ options, directory, say, withService }: Run, databaseUrl: string) {
  const { memoryRows, repeat, formats, queue } = options
  const largest = Math.max(...memoryRows)
  say(`memory: as many as ${largest.toLocaleString('en')} user points are needed`)
  await growDatabase(databaseUrl, largest)
  return withService(databaseUrl, queue, (service) =>
    measureMemory(service, { rows: memoryRows, repeat, formats, directory, say }),
  )
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
  // Also when the run ends without coming to its end; the servers then die by exit hooks of their own.
  const remove = () => rmSync(directory, { recursive: true, force: true, maxRetries: 10 })
  process.once('exit', remove)
  const broken = Promise.withResolvers<never>()
  broken.promise.catch(() => undefined) // it may break after everything is done
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
      stack.defer(() => service.stop()) // when the run is interrupted; stopping twice does no harm
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
    working.catch(() => undefined) // when the race is over, what follows from stopping everything is no news
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
