// The system under test: separate servers behind proxies, an API and two workers.
import { join } from 'node:path'
import pg from 'pg'
import { startPostgres } from '../../apps/standalone/src/postgres/embedded-postgres.ts'
import { startS3 } from '../../apps/standalone/src/s3/embedded-s3.ts'
import { loadSample } from '../../apps/standalone/src/sample.ts'
import { deployMigrations } from '../../packages/shared/src/database/migrations.ts'
import { deployQueue } from '../../packages/shared/src/queue/backend.ts'
import { readConfig } from '../../packages/shared/src/settings/read.ts'
import { type Api, createDeployment, type Deployment } from '../chaos/setup/deployment.ts'
import type { Place } from '../chaos/setup/invariants.ts'
import type { Program } from '../chaos/setup/program.ts'
import { type QueueServer, queueInPostgres, startOwnRedis } from '../chaos/setup/queue-server.ts'
import { type HttpFaultProxy, startHttpFaultProxy } from '../setup/network/http-fault-proxy.ts'
import { endpointOf, startTcpProxy, type TcpProxy } from '../setup/network/tcp-proxy.ts'

export type Server = 'postgres' | 'redis' | 's3'

export interface World {
  /** Addresses that bypass the proxies. */
  readonly place: Place
  readonly db: pg.Pool
  readonly queue: QueueServer
  /** Between the proxy and the S3 server: its requests. */
  readonly s3: HttpFaultProxy
  readonly proxies: Readonly<Partial<Record<Server, TcpProxy>>>
  readonly deployment: Deployment
  /** The running API. */
  api(): Api
  /** The running workers. */
  workers(): readonly Program[]
  /** Starts missing processes, up to one API and two workers. */
  complete(): Promise<void>
}

const WORKERS = 2
const SAMPLE_ROWS = 30_000

/** Short time limits, so that a test of minutes reaches them. */
const SETTINGS = {
  WORKER_LOCK: '5s',
  RECONCILE_INTERVAL: '500ms',
  SHUTDOWN_GRACE: '1s',
  S3_PART_SIZE: '5MiB',
  S3_REQUEST_TIMEOUT: '3s',
  SOURCE_STATEMENT_TIMEOUT: '20s',
  SOURCE_IDLE_TIMEOUT: '20s',
  EXPORT_TIMEOUT: '3m',
  LARGE_EXPORT_ROWS: '2000',
  MAX_ACTIVE_EXPORTS: '1000',
  RATE_LIMIT_PER_CALLER: '0',
  RATE_LIMIT_TRAIL_WRITES: '0',
  RATE_LIMIT_PER_ADDRESS: '0',
  QUEUE_PREFIX: 'soak',
  S3_PREFIX: 'soak/',
  S3_FORCE_PATH_STYLE: 'true',
  S3_CHECK_AT_START: 'false',
  BOOTSTRAP_API_KEY: 'soak-admin-key-0123456789',
  PORT: '0',
  HOST: '127.0.0.1',
}

/** Disposing the stack stops everything. */
export async function createWorld(
  queueName: 'redis' | 'postgres',
  directory: string,
  stack: AsyncDisposableStack,
): Promise<World> {
  const postgres = await startPostgres({
    directory: join(directory, 'postgres'),
    port: 0,
    log: () => undefined,
    settings: { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '200' },
  })
  stack.defer(() => postgres.stop())
  const s3 = await startS3({ directory: join(directory, 's3'), port: 0, bucket: 'soak', durable: false })
  stack.defer(() => s3.stop())
  const redis = queueName === 'redis' ? await startOwnRedis(SETTINGS.QUEUE_PREFIX) : undefined
  if (redis !== undefined) stack.defer(() => redis.stop())

  const place: Place = {
    ...SETTINGS,
    DATABASE_URL: postgres.url,
    ...(redis === undefined ? {} : { REDIS_URL: redis.url }),
    S3_ENDPOINT: s3.endpoint,
    S3_REGION: s3.region,
    S3_BUCKET: s3.bucket,
    S3_ACCESS_KEY_ID: s3.accessKeyId,
    S3_SECRET_ACCESS_KEY: s3.secretAccessKey,
  }
  await deployMigrations(postgres.url)
  await deployQueue(readConfig(place))
  await loadSample(postgres.url, { rows: SAMPLE_ROWS })
  const db = new pg.Pool({ connectionString: postgres.url, application_name: 'soak', max: 3 })
  // A closing connection may report the end of its server. Without a listener, that error would end the process.
  db.on('error', () => undefined)
  stack.defer(() => db.end())
  await db.query('VACUUM (ANALYZE)')

  const s3Requests = await startHttpFaultProxy(s3.endpoint)
  stack.defer(() => s3Requests.close())
  const proxied = async (url: string) => {
    const proxy = await startTcpProxy(endpointOf(url))
    stack.defer(() => proxy.close())
    return proxy
  }
  const proxies = {
    postgres: await proxied(postgres.url),
    s3: await proxied(s3Requests.endpoint),
    ...(redis === undefined ? {} : { redis: await proxied(redis.url) }),
  }
  const deployment = createDeployment({
    ...place,
    DATABASE_URL: proxies.postgres.through(postgres.url),
    S3_ENDPOINT: proxies.s3.through(s3Requests.endpoint),
    ...(redis === undefined ? {} : { REDIS_URL: proxies.redis?.through(redis.url) ?? redis.url }),
  })
  stack.defer(() => deployment.stop().catch(() => undefined))
  return {
    ...withPrograms(deployment),
    place,
    db,
    proxies,
    s3: s3Requests,
    queue: redis?.server ?? tables(db),
    deployment,
  }
}

function tables(db: pg.Pool): QueueServer {
  return queueInPostgres(db, SETTINGS.QUEUE_PREFIX, () => Promise.reject(new Error('the soak locks nothing')))
}

function withPrograms(deployment: Deployment): Pick<World, 'api' | 'workers' | 'complete'> {
  let api: Api | undefined
  const workers: Program[] = []
  const running = () => workers.filter((worker) => worker.exit() === undefined)
  return {
    workers: running,
    api() {
      if (api === undefined) throw new Error('the API has not been started')
      return api
    },
    async complete() {
      const startApi = async () => {
        if (api === undefined || api.exit() !== undefined) api = await deployment.startApi()
      }
      const missing = Math.max(0, WORKERS - running().length)
      const [started] = await Promise.all([deployment.startWorkers(missing), startApi()])
      workers.push(...started)
    },
  }
}
