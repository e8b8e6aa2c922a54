// The slots of each lane: exports of one caller never occupy all of them, however slow they are.
import type { Database } from '@waybill/shared/database/client.ts'
import type { Logger } from '@waybill/shared/process/log.ts'

interface LaneSlotsOptions {
  readonly db: Pick<Database, 'export'>
  readonly log: Logger
  /** Slots for exports of any callers. Each lane has one more, which only makes the running exports those of several callers. */
  readonly concurrency: number
}

export interface LaneSlots {
  /** Jobs of one lane that the queue may hand out at the same time. */
  readonly jobs: number
  /** How many exports have a slot now, in all lanes. */
  running(): number
  /**
   * Runs `run` when there is a slot for this export.
   *
   * @param lane any text that identifies the lane
   * @returns undefined when there is none: all others are occupied by exports of the same caller
   */
  run<T>(lane: string, exportId: string, run: () => Promise<T>): Promise<T | undefined>
}

/** A job waits for a slot this long before it goes back to the queue, so that the queue can hand out one of another caller. */
const SLOT_TIMEOUT_MS = 250

interface Lane {
  readonly jobs: Set<{ readonly exportId: string }>
  /** Resolves the wait of the job that has no slot. There is at most one, as the queue hands out no more jobs. */
  onFree: (() => void) | undefined
}

export function createLaneSlots({ db, log, concurrency }: LaneSlotsOptions): LaneSlots {
  const lanes = new Map<string, Lane>()
  let running = 0
  const laneOf = (name: string): Lane => {
    const lane = lanes.get(name) ?? { jobs: new Set(), onFree: undefined }
    lanes.set(name, lane)
    return lane
  }
  /** The number is only read when it matters: all other slots are occupied. */
  const countRequesters = async ({ jobs }: Lane): Promise<number> => {
    const ids = [...jobs].map(({ exportId }) => exportId)
    const rows = await db.export.findMany({ where: { id: { in: ids } }, select: { requesterId: true } })
    return new Set(rows.map(({ requesterId }) => requesterId)).size
  }
  const hasSlot = async (lane: Lane): Promise<boolean> => {
    if (lane.jobs.size <= concurrency) return true
    try {
      if ((await countRequesters(lane)) > 1) return true
    } catch (error) {
      log.warn({ error }, 'the callers of running exports could not be read')
    }
    if (lane.jobs.size <= concurrency) return true
    const { promise: freed, resolve } = Promise.withResolvers<boolean>()
    const timer = setTimeout(() => resolve(false), SLOT_TIMEOUT_MS)
    lane.onFree = () => resolve(true)
    const isFree = await freed
    clearTimeout(timer)
    lane.onFree = undefined
    return isFree
  }
  return {
    jobs: concurrency + 1,
    running: () => running,
    async run(name, exportId, run) {
      const lane = laneOf(name)
      const job = { exportId }
      lane.jobs.add(job)
      try {
        if (!(await hasSlot(lane))) return undefined
        running += 1
        return await run().finally(() => {
          running -= 1
        })
      } finally {
        lane.jobs.delete(job)
        // At once, so that a job which the queue hands out now cannot take the slot.
        if (lane.jobs.size <= concurrency) lane.onFree?.()
      }
    },
  }
}
