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
import { withTimeout } from '../async/timeout.ts'
import type { Config } from '../settings/schema.ts'
import { LANES, type Lane } from '../vocabulary/export.ts'

/** What a job carries: the id only. The row is the truth, so a job can be lost or doubled without harm. */
export interface ExportJob {
  readonly exportId: string
}

export interface NewJob {
  readonly id: string
  readonly lane: Lane
  /**
   * How many exports of the same requester wait or run already: the fewer, the sooner its turn. So the first
   * export of one requester is not held up by the hundredth of another.
   */
  readonly ahead: number
}

export interface JobCounts {
  readonly waiting: number
  readonly active: number
}

export interface ExportQueue {
  /** Adds a job unless one for this export is there already. Rejects soon when the queue is away. */
  add(job: NewJob): Promise<void>
  /** Jobs by lane: those that wait, for their turn or for another try, and those that a worker has. */
  counts(): Promise<Record<Lane, JobCounts>>
  /** Rejects when the queue cannot be reached. */
  check(): Promise<void>
  close(): Promise<void>
}

export type QueueConfig = Pick<Config, 'DATABASE_URL' | 'REDIS_URL' | 'QUEUE_PREFIX'>

/** A caller waits for its 202 this long at most; the reconciler adds the job later (milliseconds). */
const ADD_TIMEOUT = 900

/** BullMQ takes priorities from 1 to 2^21; the lowest number is served first. */
const LOWEST_PRIORITY = 2 ** 21

/** BullMQ's names for jobs that no worker has yet. */
const WAITING = ['waiting', 'prioritized', 'delayed'] as const

export function createExportQueue(config: QueueConfig, onError: (error: Error) => void): ExportQueue {
  const { Queue } = withBackend(backendFactory(config, 'producer'))
  const createLane = (lane: Lane) => {
    const queue = new Queue<ExportJob>(queueName(lane), {
      connection: {},
      prefix: config.QUEUE_PREFIX,
      // The ledger counts attempts and keeps history; a finished job must not stand in the way of a new one.
      defaultJobOptions: { removeOnComplete: true, removeOnFail: true },
    })
    queue.on('error', onError)
    return queue
  }
  const queues = { small: createLane('small'), large: createLane('large') } as const satisfies Record<Lane, unknown>
  const countLane = async (lane: Lane): Promise<JobCounts> => {
    const { active = 0, ...others } = await queues[lane].getJobCounts('active', ...WAITING)
    return { active, waiting: Object.values(others).reduce((sum, count) => sum + count, 0) }
  }
  return {
    add: ({ id, lane, ahead }) => {
      const options = { jobId: id, priority: Math.min(1 + ahead, LOWEST_PRIORITY) }
      return withTimeout(ADD_TIMEOUT, queues[lane].add('export', { exportId: id }, options).then(noResult), queueSilent)
    },
    async counts() {
      const counted = Promise.all([countLane('small'), countLane('large')])
      const [small, large] = await withTimeout(ADD_TIMEOUT, counted, queueSilent)
      return { small, large }
    },
    check: () => withTimeout(ADD_TIMEOUT, queues.small.getJobCounts('waiting').then(noResult), queueSilent),
    close: async () => {
      await Promise.all(LANES.map((lane) => queues[lane].close()))
    },
  }
}

/** A BullMQ worker on one lane. It starts at once unless `autorun` is false. */
export function createQueueWorker(
  config: QueueConfig,
  lane: Lane,
  processor: Processor<ExportJob>,
  options: Omit<WorkerOptions, 'connection' | 'prefix'>,
) {
  const { Worker } = withBackend(backendFactory(config, 'worker'))
  return new Worker<ExportJob>(queueName(lane), processor, { ...options, connection: {}, prefix: config.QUEUE_PREFIX })
}

function queueName(lane: Lane): string {
  return `exports-${lane}`
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

/** Redis or Postgres behind one type: nothing beyond this file knows the difference. */
export function backendFactory(
  config: QueueConfig,
  role: 'producer' | 'worker',
): BackendFactory<IQueueBackend, object> {
  const { REDIS_URL: url } = config
  if (url !== undefined) {
    const connection =
      role === 'producer'
        ? // A request must not wait in memory for a Redis that is away: it is refused, and added later.
          { url, retryStrategy: reconnectDelay, enableOfflineQueue: false, maxRetriesPerRequest: 1 }
        : { url, retryStrategy: reconnectDelay }
    return (name, options, roles) => createRedisBackend(name, { ...options, connection }, roles)
  }
  const connection = {
    connectionString: config.DATABASE_URL,
    schema: postgresSchema(config),
    application_name: `waybill-queue-${role}`,
    max: role === 'producer' ? 2 : 3,
    connectionTimeoutMillis: 5_000,
    // A server that vanished without a word must not keep the queue waiting: see createDatabase.
    query_timeout: 15_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  }
  return (name, options, roles) => createPostgresBackend(name, { ...options, connection }, roles)
}

/** BullMQ's tables live beside ours, in a schema of their own. */
function postgresSchema(config: QueueConfig): string {
  return `${config.QUEUE_PREFIX}_queue`
}

/** BullMQ's own pause grows to 20 s: for that long after an outage nothing would be run. */
function reconnectDelay(): number {
  return 1_000
}

function noResult(): void {
  // What BullMQ answers is of no use to anybody.
}

function queueSilent(): Error {
  return new Error(`the queue did not answer within ${ADD_TIMEOUT} ms`)
}
