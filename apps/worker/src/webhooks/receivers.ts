// Who is being sent webhooks right now, so that one that is slow does not take the places of all others: neither one
// receiver, nor one caller who names many of them.

/** Of a delivery. */
export interface Receiver {
  readonly endpointId: string | null
  /** Who named the address; null: it is an endpoint. */
  readonly requesterId: string | null
  readonly url: string | null
}

export interface Receivers {
  /** A place with this receiver, or milliseconds to wait before asking again: all are taken. */
  enter(receiver: Receiver): { leave(): void } | { readonly pause: number }
}

/** Webhooks on their way to one receiver at most, in one worker. */
const PLACES = 3

/** All that one caller names together: at most one of so many places of the worker. A host name costs nothing. */
const SHARE = 10

/** As long as a receiver takes that does not answer, about (milliseconds): so long a place is taken. */
const PAUSE = { least: 500, most: 10_000 } as const

/** However many wait (milliseconds). */
const LONGEST_PAUSE = 5 * 60_000

/** @param concurrency webhooks on their way from this worker */
export function createReceivers(concurrency: number, now: () => number = () => performance.now()): Receivers {
  const taken = new Map<string, number>()
  const paused = new Map<string, number[]>()
  const placesOfCaller = Math.max(1, Math.floor(concurrency / SHARE))

  /** By chance, so that those who wait do not come at once; the longer, the more of them there are for each place. */
  const pauseAt = ({ name, places }: Limit): number => {
    const time = now()
    const waiting = (paused.get(name) ?? []).filter((until) => until > time)
    const most = Math.min(LONGEST_PAUSE, PAUSE.most * Math.max(1, waiting.length / places))
    const pause = PAUSE.least + Math.random() * (most - PAUSE.least)
    paused.set(name, [...waiting, time + pause])
    return pause
  }
  const leave = ({ name }: Limit): void => {
    const left = (taken.get(name) ?? 1) - 1
    if (left > 0) return void taken.set(name, left)
    taken.delete(name)
    if ((paused.get(name) ?? []).every((until) => until <= now())) paused.delete(name)
  }

  return {
    enter(receiver) {
      const limits = limitsOf(receiver, placesOfCaller)
      const full = limits.find(({ name, places }) => (taken.get(name) ?? 0) >= places)
      if (full !== undefined) return { pause: pauseAt(full) }
      for (const { name } of limits) taken.set(name, (taken.get(name) ?? 0) + 1)
      return { leave: () => limits.forEach(leave) }
    },
  }
}

interface Limit {
  readonly name: string
  readonly places: number
}

/** Addresses that callers name count by their host, as paths cost nothing, and all of one caller's together. */
function limitsOf({ endpointId, requesterId, url }: Receiver, placesOfCaller: number): Limit[] {
  if (endpointId !== null) return [{ name: `endpoint ${endpointId}`, places: PLACES }]
  const host = url !== null && URL.canParse(url) ? new URL(url).host : ''
  return [
    { name: `host ${host}`, places: PLACES },
    { name: `caller ${requesterId}`, places: placesOfCaller },
  ]
}
