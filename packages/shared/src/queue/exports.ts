// The queue of exports: one BullMQ queue for each lane.
import { LANES, type Lane } from '../vocabulary/export.ts'
import { type Backend, backendOf, closeQueue, createQueue, type QueueConfig, withinAnswerTime } from './backend.ts'

/** A job carries the id only. The row is the truth, so a lost or doubled job does no harm. */
export interface ExportJob {
  readonly exportId: string
}

export interface NewJob {
  readonly id: string
  readonly lane: Lane
  /**
   * How many exports of the same requester wait or run already: the fewer, the sooner this one runs. So the hundredth
   * export of one requester does not delay the first export of another.
   */
  readonly ahead: number
}

export interface JobCounts {
  readonly waiting: number
  readonly active: number
}

export interface ExportQueue {
  /** Where the queue lives. */
  readonly backend: Backend['name']
  /** Adds a job unless one for this export is there already. Rejects soon when the queue is unavailable. */
  add(job: NewJob): Promise<void>
  /** As `add`; and a job that is delayed runs now. */
  addNow(job: NewJob): Promise<void>
  /** Jobs by lane. `waiting`: not taken by a worker, delayed ones included. `active`: taken by a worker. */
  counts(): Promise<Record<Lane, JobCounts>>
  /** Rejects when the queue cannot be reached. */
  check(): Promise<void>
  close(): Promise<void>
}

/** BullMQ takes priorities from 1 to 2^21; the lowest number is served first. */
const LOWEST_PRIORITY = 2 ** 21

/** BullMQ's names for jobs that no worker has yet. */
const WAITING_STATES = ['waiting', 'prioritized', 'delayed'] as const

export function exportQueueName(lane: Lane): string {
  return `exports-${lane}`
}

export function createExportQueue(config: QueueConfig, onError: (error: Error) => void): ExportQueue {
  const createLane = (lane: Lane) => createQueue<ExportJob>(config, exportQueueName(lane), onError)
  const queues = { small: createLane('small'), large: createLane('large') } as const satisfies Record<Lane, unknown>
  const countLane = async (lane: Lane): Promise<JobCounts> => {
    const { active = 0, ...others } = await queues[lane].getJobCounts('active', ...WAITING_STATES)
    return { active, waiting: Object.values(others).reduce((sum, count) => sum + count, 0) }
  }
  const add = async ({ id, lane, ahead }: NewJob) => {
    const options = { jobId: id, priority: Math.min(1 + ahead, LOWEST_PRIORITY) }
    await withinAnswerTime(queues[lane].add('export', { exportId: id }, options))
  }
  const promote = async ({ id, lane }: NewJob) => {
    const job = await queues[lane].getJob(id)
    if (job !== undefined && (await job.isDelayed())) await job.promote()
  }
  return {
    backend: backendOf(config).name,
    add,
    async addNow(job) {
      await add(job)
      await withinAnswerTime(promote(job))
    },
    async counts() {
      const [small, large] = await withinAnswerTime(Promise.all([countLane('small'), countLane('large')]))
      return { small, large }
    },
    async check() {
      await withinAnswerTime(queues.small.getJobCounts('waiting'))
    },
    async close() {
      await Promise.all(LANES.map((lane) => closeQueue(queues[lane])))
    },
  }
}
