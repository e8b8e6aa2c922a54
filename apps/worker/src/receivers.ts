// Who is being sent webhooks right now, so that one receiver that is slow does not take the places of all others.

/** Of a delivery. */
export interface Receiver {
  readonly endpointId: string | null
  readonly url: string | null
}

export interface Receivers {
  /** A place with this receiver; undefined: all are taken. */
  enter(receiver: Receiver): { leave(): void } | undefined
  /** Milliseconds to wait before asking again; by chance, so that those who wait do not come at once. */
  pause(): number
}

/** Webhooks on their way to one receiver at most, in one worker. */
const PLACES = 3

/** As long as a receiver takes that does not answer, about (milliseconds). */
const PAUSE = { least: 500, most: 10_000 } as const

export function createReceivers(): Receivers {
  const taken = new Map<string, number>()
  return {
    enter(receiver) {
      const name = nameOf(receiver)
      const before = taken.get(name) ?? 0
      if (before >= PLACES) return undefined
      taken.set(name, before + 1)
      return {
        leave() {
          const left = (taken.get(name) ?? 1) - 1
          if (left === 0) taken.delete(name)
          else taken.set(name, left)
        },
      }
    },
    pause: () => PAUSE.least + Math.random() * (PAUSE.most - PAUSE.least),
  }
}

/** Addresses that callers name count by their host: paths cost nothing. */
function nameOf({ endpointId, url }: Receiver): string {
  return endpointId ?? (url !== null && URL.canParse(url) ? new URL(url).host : '')
}
