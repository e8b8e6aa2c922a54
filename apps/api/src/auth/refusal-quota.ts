// How many refusals of one caller are written down: a program that repeats its mistake must not fill the trail.

export interface RefusalQuota {
  /** Undefined: not this one. `unrecorded`: how many there were since the last that was written down. */
  take(caller: RefusedCaller): { readonly unrecorded: number } | undefined
  /** Who has refusals that nothing tells of yet, and how many. They count as told from now on. */
  drain(): Untold[]
  /** They could not be told after all. */
  giveBack(untold: readonly Untold[]): void
}

export interface RefusedCaller {
  readonly id: string
  readonly name: string
}

export interface Untold {
  readonly caller: RefusedCaller
  readonly unrecorded: number
}

/** Refusals of one caller in one minute, in one process. */
const PER_MINUTE = 30
const MINUTE = 60_000

/** Callers remembered; beyond that, those whose minute is over, and of whom all is told, are forgotten. */
const MAX_CALLERS = 10_000

export function createRefusalQuota(now: () => number = () => performance.now()): RefusalQuota {
  const callers = new Map<string, { caller: RefusedCaller; since: number; written: number; unrecorded: number }>()
  return {
    take(caller) {
      const time = now()
      const known = callers.get(caller.id)
      const isOver = known === undefined || time - known.since >= MINUTE
      if (!isOver && known.written >= PER_MINUTE) {
        known.unrecorded += 1
        return undefined
      }
      const { unrecorded = 0 } = known ?? {}
      if (isOver && callers.size >= MAX_CALLERS) forget(time)
      callers.set(caller.id, {
        caller: { id: caller.id, name: caller.name },
        since: isOver ? time : known.since,
        written: isOver ? 1 : known.written + 1,
        unrecorded: 0,
      })
      return { unrecorded }
    },

    drain() {
      const untold: Untold[] = []
      for (const entry of callers.values()) {
        const { caller, unrecorded } = entry
        if (unrecorded > 0) untold.push({ caller, unrecorded })
        entry.unrecorded = 0
      }
      return untold
    },

    giveBack(untold) {
      for (const { caller, unrecorded } of untold) {
        const known = callers.get(caller.id)
        if (known === undefined) callers.set(caller.id, { caller, since: now(), written: 0, unrecorded })
        else known.unrecorded += unrecorded
      }
    },
  }

  function forget(time: number): void {
    for (const [id, { since, unrecorded }] of callers) {
      if (unrecorded === 0 && time - since >= MINUTE) callers.delete(id)
    }
  }
}
