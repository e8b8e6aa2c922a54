// How many refusals of one caller are written down: a program that repeats its mistake must not fill the trail.

export interface RefusalQuota {
  /** Undefined: not this one. `unrecorded`: how many there were since the last that was written down. */
  take(callerId: string): { readonly unrecorded: number } | undefined
}

/** Refusals of one caller in one minute, in one process. */
const PER_MINUTE = 30
const MINUTE = 60_000

/** Callers remembered; beyond that, those whose minute is over are forgotten. */
const MAX_CALLERS = 10_000

export function createRefusalQuota(now: () => number = () => performance.now()): RefusalQuota {
  const callers = new Map<string, { since: number; written: number; unrecorded: number }>()
  return {
    take(callerId) {
      const time = now()
      const known = callers.get(callerId)
      const isOver = known === undefined || time - known.since >= MINUTE
      if (!isOver && known.written >= PER_MINUTE) {
        known.unrecorded += 1
        return undefined
      }
      const { unrecorded = 0 } = known ?? {}
      if (isOver && callers.size >= MAX_CALLERS) forget(time)
      callers.set(callerId, {
        since: isOver ? time : known.since,
        written: isOver ? 1 : known.written + 1,
        unrecorded: 0,
      })
      return { unrecorded }
    },
  }

  function forget(time: number): void {
    for (const [id, { since }] of callers) if (time - since >= MINUTE) callers.delete(id)
  }
}
