// Sets up a chaos test: a database with rows, a deployment, and the check of the invariants at the end.
import pg from 'pg'
import { expect } from 'vitest'
import { deployQueue } from '../../../packages/shared/src/queue/backend.ts'
import { readConfig } from '../../../packages/shared/src/settings/read.ts'
import { createTestDatabase } from '../../setup/database.ts'
import { endpointOf, startTcpProxy, type TcpProxy } from '../../setup/network/tcp-proxy.ts'
import { type QueueBackend, testSettings } from '../../setup/system.ts'
import { createDeployment, type Deployment, type Settings } from './deployment.ts'
import { findViolations, type Place } from './invariants.ts'
import { createObserver, type Observer } from './observer.ts'
import { type QueueServer, queueInPostgres, startOwnRedis } from './queue-server.ts'
import { STATE_TIMEOUT_MS, until } from './until.ts'

export interface ChaosOptions {
  readonly queue: QueueBackend
  readonly settings?: Settings
  /** True: a separate Redis, because a test must not disturb that of the test run. */
  readonly ownQueue?: boolean
  /** The number of users in the source. */
  readonly rows?: number
  /** The text of each user. A few hundred characters give files of several parts. */
  readonly rowBytes?: number
}

export interface Chaos extends Deployment, Observer {
  readonly client: pg.Pool
  readonly settings: Settings
  /** A test may only stop or empty it with a separate Redis, or with the queue in Postgres. */
  readonly queue: QueueServer
  /** Starts a proxy in front of a server, for the settings of a process. It is closed with the test. */
  proxy(server: 'DATABASE_URL' | 'REDIS_URL' | 'S3_ENDPOINT'): Promise<TcpProxy>
  /** Waits until these exports have no violations. Fails with the remaining ones. */
  holds(exportIds: readonly string[]): Promise<void>
  /** Runs the function when the test has ended. The last one runs first. */
  defer(action: () => unknown): void
}

/** The part of vitest's TestContext that runs functions at the end of a test. */
interface TestEnd {
  onTestFinished(end: () => Promise<void>): void
  onTestFailed(end: () => void): void
}

/**
 * A long lock, because on a busy machine a short one could expire while the worker is working, and the export would start
 * again. Tests that lose a worker use `SHORT_LOCK`.
 */
const USUAL = { WORKER_LOCK: '60s', RECONCILE_INTERVAL: '300ms', SHUTDOWN_GRACE: '1s', S3_PART_SIZE: '5MiB' }

/** For tests that lose a worker. It is as long as ten heartbeats, so that a slow worker is not lost. */
export const SHORT_LOCK = { WORKER_LOCK: '10s' }

export async function startChaos(test: TestEnd, options: ChaosOptions): Promise<Chaos> {
  const stack = new AsyncDisposableStack()
  test.onTestFinished(() => stack.disposeAsync())
  const database = await createTestDatabase()
  // Throws if an ended process has left a connection or an active backend.
  stack.defer(() => database.drop())
  const usual = testSettings(database, options.queue)
  const redis =
    options.queue === 'redis' && options.ownQueue ? await startOwnRedis(String(usual.QUEUE_PREFIX)) : undefined
  if (redis !== undefined) stack.defer(() => redis.stop())
  const settings: Settings = {
    ...usual,
    ...(redis === undefined ? {} : { REDIS_URL: redis.url }),
    ...USUAL,
    ...options.settings,
  }
  await deployQueue(readConfig(settings))
  const client = new pg.Pool({ connectionString: database.url, application_name: 'test', max: 3 })
  // A closing connection may report the end of its server. Without a listener, that error would end the process.
  client.on('error', () => undefined)
  stack.defer(() => client.end())
  await insertUsers(client, options.rows ?? 500, options.rowBytes ?? 20)

  const deployment = createDeployment(settings)
  test.onTestFailed(() => void process.stderr.write(`${deployment.logs()}\n`))
  stack.defer(() => deployment.stop())
  const { programs } = deployment
  const observer = createObserver({ client, url: database.url, programs, defer: (action) => stack.defer(action) })
  return {
    ...deployment,
    ...observer,
    client,
    settings,
    queue: redis?.server ?? queueInPostgres(client, String(settings.QUEUE_PREFIX), observer.hold),
    async proxy(server) {
      const url = String(settings[server])
      const proxy = await startTcpProxy(endpointOf(url))
      stack.defer(() => proxy.close())
      return proxy
    },
    holds: (exportIds) => expectInvariants(settings, exportIds),
    defer: (action) => stack.defer(async () => void (await action())),
  }
}

async function expectInvariants(place: Place, exportIds: readonly string[]): Promise<void> {
  expect(exportIds.length).toBeGreaterThan(0)
  let problems: string[] = []
  const look = async () => {
    problems = await findViolations(place, exportIds)
    return problems.length === 0
  }
  await until('nothing is wrong with the exports', look, STATE_TIMEOUT_MS / 2).catch(() => expect(problems).toEqual([]))
}

/** Inserts users and analyzes the table, so that the planner recognizes small exports. */
async function insertUsers(client: pg.Pool, rows: number, rowBytes: number): Promise<void> {
  await client.query(
    `INSERT INTO users (id, "externalUserId", created_at)
     SELECT gen_random_uuid(), 'user-' || i || '-' || left(repeat(md5(i::text), $2::int / 32 + 1), $2::int),
       timestamptz '2026-01-01 00:00:00+00' + i * interval '1 second'
     FROM generate_series(1, $1::int) i`,
    [rows, rowBytes],
  )
  await client.query('ANALYZE users')
}
