// Starts the whole system in one process: API, worker, and an embedded server for each one that is not configured.
import { randomBytes } from 'node:crypto'
import { join, resolve } from 'node:path'
import { createRefusalRecorder } from '@waybill/api/auth/refusals.ts'
import type { ServerDeps } from '@waybill/api/deps.ts'
import { type ListeningServer, listen } from '@waybill/api/http/listen.ts'
import { createServer } from '@waybill/api/server.ts'
import { generateKey } from '@waybill/shared/access/api-keys.ts'
import { ensureBootstrapKey } from '@waybill/shared/access/bootstrap-key.ts'
import { deployMigrations } from '@waybill/shared/database/migrations.ts'
import type { Datasets } from '@waybill/shared/datasets/registry.ts'
import { loadDatasets } from '@waybill/shared/own-datasets/module.ts'
import { verifyDatasets } from '@waybill/shared/own-datasets/start.ts'
import { createLogger } from '@waybill/shared/process/log.ts'
import { deployQueue } from '@waybill/shared/queue/backend.ts'
import { readConfig, readStandaloneNeeds } from '@waybill/shared/settings/read.ts'
import type { Config } from '@waybill/shared/settings/schema.ts'
import { connect } from '@waybill/shared/wiring.ts'
import { startWorker } from '@waybill/worker/worker.ts'
import pg from 'pg'
import { prepareDataDir, readOrCreateSecret } from './data-dir.ts'
import { freePort } from './free-port.ts'
import { startPostgres } from './postgres/embedded-postgres.ts'
import { startS3 } from './s3/embedded-s3.ts'
import { loadSample } from './sample.ts'

export interface SystemOptions {
  /** Settings that hold unless the environment says otherwise. */
  readonly defaults?: Readonly<Record<string, string>>
  readonly env?: NodeJS.ProcessEnv
  /** False: a loss of power may lose data, and the embedded servers are faster. Default true. */
  readonly durable?: boolean
  /** The metrics of the process. */
  readonly registry?: ServerDeps['registry']
  /** Called with a line about each step that takes time. */
  readonly say: (line: string) => void
}

export interface System {
  /** URL of the API on this machine. */
  readonly url: string
  /** Of an administrator. */
  readonly apiKey: string
  /** The file that holds `apiKey`. Undefined: the key is the value of BOOTSTRAP_API_KEY. */
  readonly apiKeyFile: string | undefined
  readonly config: Config
  readonly datasets: Datasets
  /** Stops everything, last started first. Running exports finish, or go back to the queue. */
  stop(): Promise<void>
}

const DATABASE = 'waybill'
const NOT_DURABLE = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }

/** @throws ConfigError, or the error of a server that does not start; the servers started before it are stopped */
export async function startSystem(options: SystemOptions): Promise<System> {
  const { say, env, durable = true } = options
  const needs = readStandaloneNeeds(env)
  const dataDir = resolve(options.defaults?.DATA_DIR ?? needs.dataDir)
  const stops: (() => Promise<void>)[] = []
  const stop = async () => {
    for (const stopOne of stops.splice(0).reverse()) await stopOne()
  }

  try {
    await prepareDataDir(dataDir)
    // A system on a laptop is for its user; HOST opens it to the network.
    const found: Record<string, string> = { HOST: '127.0.0.1', LOG_LEVEL: 'warn', ...options.defaults }
    if (needs.postgres) {
      say('Starting the embedded Postgres')
      const postgres = await startPostgres({
        directory: join(dataDir, 'postgres'),
        log: say,
        ...(durable ? {} : { settings: NOT_DURABLE }),
      })
      stops.push(() => postgres.stop())
      await createDatabaseIfMissing(postgres.url)
      found.DATABASE_URL = databaseIn(postgres.url)
    }
    if (needs.s3) {
      say('Starting the embedded S3 server')
      const s3 = await startS3({ directory: join(dataDir, 's3'), bucket: 'waybill', durable })
      stops.push(() => s3.stop())
      found.S3_ENDPOINT = s3.endpoint
      found.S3_REGION = s3.region
      found.S3_BUCKET = s3.bucket
      found.S3_ACCESS_KEY_ID = s3.accessKeyId
      found.S3_SECRET_ACCESS_KEY = s3.secretAccessKey
      found.S3_FORCE_PATH_STYLE = 'true'
    }
    const apiKeyFile = needs.apiKey ? join(dataDir, 'api-key') : undefined
    if (apiKeyFile !== undefined) found.BOOTSTRAP_API_KEY = await readOrCreateSecret(apiKeyFile, generateKey)
    if (needs.webhookKey) {
      found.WEBHOOK_SECRET_KEYS = await readOrCreateSecret(join(dataDir, 'webhook-secret-key'), newSecretKey)
    }
    const settings = readConfig(env, found)
    // Links in webhooks name the port.
    const config = { ...settings, PORT: needs.anyPort ? await freePort(settings.PORT) : settings.PORT }
    const log = createLogger('standalone', config.LOG_LEVEL)
    const loaded = await loadDatasets(config)

    await deployMigrations(config.DATABASE_URL)
    await deployQueue(config)
    if (needs.postgres && config.SAMPLE_ROWS > 0) {
      const startedAt = performance.now()
      await loadSample(config.DATABASE_URL, { rows: config.SAMPLE_ROWS })
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
      if (performance.now() - startedAt > 500)
        say(
          `Sample data: ${config.SAMPLE_ROWS.toLocaleString('en')} user points with their users, tasks and games, in ${seconds} s`,
        )
    }

    await verifyDatasets(loaded, config, log)
    const connections = connect(config, 'waybill-standalone', log)
    stops.push(() => connections.close())
    const apiKey = config.BOOTSTRAP_API_KEY ?? ''
    await ensureBootstrapKey(connections.db, apiKey)
    const worker = startWorker({ config, datasets: loaded.datasets, log, ...connections })
    stops.push(() => worker.stop(config.SHUTDOWN_GRACE))
    const refusals = createRefusalRecorder({ db: connections.db, log })
    stops.push(() => refusals.flush())
    const app = createServer({
      config,
      datasets: loaded.datasets,
      log,
      refusals,
      ...(options.registry === undefined ? {} : { registry: options.registry }),
      ...connections,
    })
    const server: ListeningServer = await listen(app, config)
    stops.push(() => server.close(config.SHUTDOWN_GRACE))
    return { url: `http://localhost:${server.port}`, apiKey, apiKeyFile, config, datasets: loaded.datasets, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** The URL of Waybill's database on the embedded Postgres. */
export function databaseIn(serverUrl: string): string {
  const url = new URL(serverUrl)
  url.pathname = `/${DATABASE}`
  return url.href
}

async function createDatabaseIfMissing(serverUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: serverUrl })
  await client.connect()
  try {
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [DATABASE])
    if (rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`)
  } finally {
    await client.end()
  }
}

function newSecretKey(): string {
  return randomBytes(32).toString('base64')
}
