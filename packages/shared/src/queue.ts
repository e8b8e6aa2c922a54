// The queue of exports on BullMQ: on Redis when it is configured, else in Postgres. The only place that knows which.
import {
  type BackendFactory,
  createPostgresBackend,
  createRedisBackend,
  type IQueueBackend,
  type Processor,
  runMigrations,
  type WorkerOptions,
  withBackend,
} from 'bullmq'
import pg from 'pg'
import type { Config } from './config.ts'

const QUEUE_NAME = 'exports'

/** What a job carries: the id only. The row is the truth, so a job can be lost or doubled without harm. */
export interface ExportJob {
  readonly exportId: string
}

export interface ExportQueue {
  /** Adds a job unless one for this export is there already. Rejects within `ADD_TIMEOUT` when the queue is away. */
  add(exportId: string): Promise<void>
  /** Rejects when the queue cannot be reached. */
  check(): Promise<void>
  close(): Promise<void>
}

type QueueConfig = Pick<Config, 'DATABASE_URL' | 'REDIS_URL' | 'QUEUE_PREFIX'>

/** A caller waits for its 202 this long at most; the reconciler adds the job later (milliseconds). */
const ADD_TIMEOUT = 2_000

export function createExportQueue(config: QueueConfig, onError: (error: Error) => void): ExportQueue {
  const { Queue } = withBackend(backendFactory(config, 'producer'))
  const queue = new Queue<ExportJob>(QUEUE_NAME, {
    connection: {},
    prefix: config.QUEUE_PREFIX,
    // The ledger counts attempts and keeps history; a finished job must not stand in the way of a new one.
    defaultJobOptions: { removeOnComplete: true, removeOnFail: true },
  })
  queue.on('error', onError)
  return {
    add: (exportId) => within(ADD_TIMEOUT, queue.add('export', { exportId }, { jobId: exportId }).then(noResult)),
    check: () => within(ADD_TIMEOUT, queue.getJobCounts('waiting').then(noResult)),
    close: () => queue.close(),
  }
}

/** A BullMQ worker on the same queue. It starts at once unless `autorun` is false. */
export function createQueueWorker(
  config: QueueConfig,
  processor: Processor<ExportJob>,
  options: Omit<WorkerOptions, 'connection' | 'prefix'>,
) {
  const { Worker } = withBackend(backendFactory(config, 'worker'))
  return new Worker<ExportJob>(QUEUE_NAME, processor, { ...options, connection: {}, prefix: config.QUEUE_PREFIX })
}

/** Creates the queue's tables where the queue lives in Postgres. Several processes may call this at once. */
export async function deployQueue(config: QueueConfig): Promise<void> {
  if (config.REDIS_URL !== undefined) return
  const client = new pg.Client({ connectionString: config.DATABASE_URL, application_name: 'waybill-migrate' })
  await client.connect()
  try {
    await runMigrations(client, postgresSchema(config))
  } finally {
    await client.end()
  }
}

/** Redis or Postgres behind one type: nothing beyond this function knows the difference. */
function backendFactory(config: QueueConfig, role: 'producer' | 'worker'): BackendFactory<IQueueBackend, object> {
  const { REDIS_URL: url } = config
  if (url !== undefined) {
    const connection =
      role === 'producer'
        ? // A request must not wait in memory for a Redis that is away: it is refused, and added later.
          { url, enableOfflineQueue: false, maxRetriesPerRequest: 1 }
        : { url }
    return (name, options, roles) => createRedisBackend(name, { ...options, connection }, roles)
  }
  const connection = {
    connectionString: config.DATABASE_URL,
    schema: postgresSchema(config),
    application_name: `waybill-queue-${role}`,
    max: role === 'producer' ? 2 : 3,
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
  }
  return (name, options, roles) => createPostgresBackend(name, { ...options, connection }, roles)
}

/** BullMQ's tables live beside ours, in a schema of their own. */
function postgresSchema(config: QueueConfig): string {
  return `${config.QUEUE_PREFIX}_queue`
}

async function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`the queue did not answer within ${milliseconds} ms`)), milliseconds)
  })
  try {
    return await Promise.race([work, timeout])
  } finally {
    clearTimeout(timer)
  }
}

function noResult(): void {}
