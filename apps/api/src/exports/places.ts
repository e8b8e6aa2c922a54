// Lets so many at work at once; the others wait in the order in which they came, but not for ever.

export interface PlaceOptions {
  /** At work at once, at most. */
  readonly places: number
  /** Milliseconds that anybody waits for a place. */
  readonly patience: number
  readonly late: () => Error
}

/** @param gone aborts when nobody wants the answer any more: whoever waits makes way with its reason */
export type InPlace = <T>(gone: AbortSignal, work: () => Promise<T>) => Promise<T>

export function createPlaces({ places, patience, late }: PlaceOptions): InPlace {
  let free = places
  const waiting = new Set<() => void>()

  const enter = async (gone: AbortSignal): Promise<void> => {
    gone.throwIfAborted()
    if (free > 0) {
      free -= 1
      return
    }
    const turn = Promise.withResolvers<void>()
    const isMine = () => turn.resolve()
    const isGone = () => turn.reject(gone.reason)
    const timer = setTimeout(() => turn.reject(late()), patience)
    waiting.add(isMine)
    gone.addEventListener('abort', isGone)
    try {
      await turn.promise
    } catch (error) {
      // It was given to us at the moment in which we gave up.
      if (!waiting.has(isMine)) leave()
      throw error
    } finally {
      waiting.delete(isMine)
      gone.removeEventListener('abort', isGone)
      clearTimeout(timer)
    }
  }

  /** The place goes straight to the next: nobody who comes just now takes it from them. */
  const leave = (): void => {
    const [next] = waiting
    if (next === undefined) {
      free += 1
      return
    }
    waiting.delete(next)
    next()
  }

  return async (gone, work) => {
    await enter(gone)
    try {
      return await work()
    } finally {
      leave()
    }
  }
}
