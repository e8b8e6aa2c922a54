// Chooses where queues live, on Redis when REDIS_URL is set and in Postgres otherwise, and makes BullMQ's queues and workers.
import {
  type BackendFactory,
  createPostgresBackend,
  createRedisBackend,
  type IQueueBackend,
  type Processor,
  type Queue,
  runMigrations,
  type WorkerOptions,
  withBackend,
} from 'bullmq'
import pg from 'pg'
import { withTimeout } from '../async/timeout.ts'
import type { Config } from '../settings/schema.ts'

export type QueueConfig = Pick<Config, 'DATABASE_URL' | 'REDIS_URL' | 'QUEUE_PREFIX'>

export type Backend = { readonly name: 'redis'; readonly url: string } | { readonly name: 'postgres' }

/** Every decision between Redis and Postgres is made here. */
export function backendOf({ REDIS_URL: url }: Pick<Config, 'REDIS_URL'>): Backend {
  return url === undefined ? { name: 'postgres' } : { name: 'redis', url }
}

/** A request waits for the queue at most this long; the reconciler adds the job later. */
const ANSWER_TIMEOUT_MS = 900

/** BullMQ's own delay grows to 20 s: no job would run for that long after an outage. */
const RECONNECT_DELAY_MS = 1_000

/** A queue that jobs are added to. */
export function createQueue<Data>(config: QueueConfig, name: string, onError: (error: Error) => void) {
  const { Queue } = withBackend(backendFactory(config, 'producer'))
  const queue = new Queue<Data>(name, {
    connection: {},
    prefix: config.QUEUE_PREFIX,
    // The database counts attempts and keeps the history. A finished job would keep a new one with its id from being added.
    defaultJobOptions: { removeOnComplete: true, removeOnFail: true },
  })
  queue.on('error', onError)
  return queue
}

/** Rejects if Redis is unavailable. */
export async function closeQueue(queue: Pick<Queue, 'close' | 'disconnect'>): Promise<void> {
  try {
    await queue.close()
  } catch (error) {
    // BullMQ leaves a client that cannot send QUIT: it would reconnect for as long as the process runs.
    queue.disconnect().catch(() => undefined)
    throw error
  }
}

/** A BullMQ worker on one queue. It starts at once unless `autorun` is false. */
export function createQueueWorker<Data>(
  config: QueueConfig,
  name: string,
  processor: Processor<Data>,
  options: Omit<WorkerOptions, 'connection' | 'prefix'>,
) {
  const { Worker } = withBackend(backendFactory(config, 'worker'))
  return new Worker<Data>(name, processor, { ...options, connection: {}, prefix: config.QUEUE_PREFIX })
}

/** Settles like `work`; rejects when the queue does not answer in time. */
export function withinAnswerTime<T>(work: Promise<T>): Promise<T> {
  const onTimeout = () => new Error(`the queue did not answer within ${ANSWER_TIMEOUT_MS} ms`)
  return withTimeout(ANSWER_TIMEOUT_MS, work, onTimeout)
}

/** Creates the queue's tables where the queue lives in Postgres. Several processes may call this at once. */
export async function deployQueue(config: QueueConfig): Promise<void> {
  if (backendOf(config).name !== 'postgres') return
  const client = new pg.Client({ connectionString: config.DATABASE_URL, application_name: 'waybill-migrate' })
  await client.connect()
  try {
    await runMigrations(client, postgresSchema(config))
  } finally {
    await client.end()
  }
}

function backendFactory(config: QueueConfig, role: 'producer' | 'worker'): BackendFactory<IQueueBackend, object> {
  const backend = backendOf(config)
  if (backend.name === 'redis') {
    const { url } = backend
    const retryStrategy = () => RECONNECT_DELAY_MS
    const connection =
      role === 'producer'
        ? // A request must not wait in memory for a Redis that is unavailable: adding fails, and the reconciler adds the job.
          { url, retryStrategy, enableOfflineQueue: false, maxRetriesPerRequest: 1 }
        : { url, retryStrategy }
    return (name, options, roles) => createRedisBackend(name, { ...options, connection }, roles)
  }
  const connection = {
    connectionString: config.DATABASE_URL,
    schema: postgresSchema(config),
    application_name: `waybill-queue-${role}`,
    // A commit need not wait for the disk: a job that a crash of Postgres loses is added again by the reconciler, and a job
    // that comes back finds its export claimed or ended.
    options: '-c synchronous_commit=off',
    max: role === 'producer' ? 2 : 3,
    connectionTimeoutMillis: 5_000,
    // A server that vanished without closing the connection must not block the queue: see createDatabase.
    query_timeout: 15_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  }
  return (name, options, roles) => createPostgresBackend(name, { ...options, connection }, roles)
}

/** The schema of the queue's tables, if the queue is in Postgres. */
export function queueSchema(config: QueueConfig): string | undefined {
  return backendOf(config).name === 'postgres' ? postgresSchema(config) : undefined
}

/** BullMQ's tables are in a separate schema. */
function postgresSchema(config: QueueConfig): string {
  return `${config.QUEUE_PREFIX}_queue`
}
