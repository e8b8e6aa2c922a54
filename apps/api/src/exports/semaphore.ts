// A semaphore: limits how many tasks run at the same time. The others wait in order of arrival, with a timeout.

interface SemaphoreOptions {
  /** Tasks that may run at the same time. */
  readonly permits: number
  /** How long a task waits for a permit before it is rejected with `onTimeout()`. */
  readonly timeoutMs: number
  readonly onTimeout: () => Error
}

/** @param signal when it aborts, a waiting task is rejected with its reason; a running task has to observe it itself */
type WithPermit = <T>(signal: AbortSignal, task: () => Promise<T>) => Promise<T>

/**
 * p-limit and async-mutex cannot abort a waiting task. p-queue releases the permit when the signal aborts, not when the
 * task has ended: a task that still closes its connection would no longer count.
 */
export function createSemaphore({ permits, timeoutMs, onTimeout }: SemaphoreOptions): WithPermit {
  let free = permits
  const waiting = new Set<() => void>()

  const acquire = async (signal: AbortSignal): Promise<void> => {
    signal.throwIfAborted()
    if (free > 0) {
      free -= 1
      return
    }
    const permit = Promise.withResolvers<void>()
    const grant = () => permit.resolve()
    const abort = () => permit.reject(signal.reason)
    const timer = setTimeout(() => permit.reject(onTimeout()), timeoutMs)
    waiting.add(grant)
    signal.addEventListener('abort', abort)
    try {
      await permit.promise
    } catch (error) {
      // Granted in the same tick as the abort or the timeout.
      if (!waiting.has(grant)) release()
      throw error
    } finally {
      waiting.delete(grant)
      signal.removeEventListener('abort', abort)
      clearTimeout(timer)
    }
  }

  /** Hands the permit to the first waiting task, so that a task which arrives now cannot overtake it. */
  const release = (): void => {
    const [next] = waiting
    if (next === undefined) {
      free += 1
      return
    }
    waiting.delete(next)
    next()
  }

  return async (signal, task) => {
    await acquire(signal)
    try {
      return await task()
    } finally {
      release()
    }
  }
}
