// The start of a chaos test: a database with rows, a deployment, and the check of the invariants at the end.
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
  /** True: a Redis of the test's own, as the one of the run is not to be touched. */
  readonly ownQueue?: boolean
  /** Users in the source. */
  readonly rows?: number
  /** Text of each, in the hundreds for files of several parts. */
  readonly rowBytes?: number
}

export interface Chaos extends Deployment, Observer {
  readonly client: pg.Pool
  readonly settings: Settings
  /** To be touched only when it is the test's own. */
  readonly queue: QueueServer
  /** A proxy in front of a server, for a process to be started with; closed with the test. */
  proxy(server: 'DATABASE_URL' | 'REDIS_URL' | 'S3_ENDPOINT'): Promise<TcpProxy>
  /** Waits until nothing is wrong with these exports any more; fails with what stays wrong. */
  holds(exportIds: readonly string[]): Promise<void>
  /** Runs when the test has ended, the last one first. */
  defer(action: () => unknown): void
}

/** What a test may hang its end on; vitest's TestContext. */
interface TestEnd {
  onTestFinished(end: () => Promise<void>): void
  onTestFailed(end: () => void): void
}

/**
 * The lock of a worker runs out only when a test makes it: on a busy machine a short one would run out while the worker
 * works, and the export would be started once more. A test that loses a worker takes `SHORT_LOCK`.
 */
const USUAL = { WORKER_LOCK: '60s', RECONCILE_INTERVAL: '300ms', SHUTDOWN_GRACE: '1s', S3_PART_SIZE: '5MiB' }

/** For tests that lose a worker: ten heartbeats, so that a worker that is only slow is not lost. */
export const SHORT_LOCK = { WORKER_LOCK: '10s' }

export async function startChaos(test: TestEnd, options: ChaosOptions): Promise<Chaos> {
  const stack = new AsyncDisposableStack()
  test.onTestFinished(() => stack.disposeAsync())
  const database = await createTestDatabase()
  // Fails when a process that has ended left a connection, or a backend at work, behind.
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
  // A connection that is closing hears of the end of its server, too; unheard, that would end the tests.
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

/** The planner knows them: a small export is known to be one. */
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
