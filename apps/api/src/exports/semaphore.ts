// A semaphore: limits how many tasks run at the same time, in total and for each key. The others wait in order of arrival, with
// a timeout.

interface SemaphoreOptions {
  /** Tasks that may run at the same time. */
  readonly permits: number
  /** Of them, those with the same key. */
  readonly permitsPerKey: number
  /** How long a task waits for a permit before it is rejected with `onTimeout()`. */
  readonly timeoutMs: number
  readonly onTimeout: () => Error
}

/** @param signal when it aborts, a waiting task is rejected with its reason; a running task has to observe it itself */
type WithPermit = <T>(key: string, signal: AbortSignal, task: () => Promise<T>) => Promise<T>

/**
 * p-limit and async-mutex cannot abort a waiting task. p-queue releases the permit when the signal aborts, not when the
 * task has ended: a task that still closes its connection would no longer count.
 */
export function createSemaphore({ permits, permitsPerKey, timeoutMs, onTimeout }: SemaphoreOptions): WithPermit {
  let free = permits
  /** The keys of running tasks, with their number. */
  const running = new Map<string, number>()
  const waiting = new Set<{ readonly key: string; grant(): void }>()

  const mayRun = (key: string) => free > 0 && (running.get(key) ?? 0) < permitsPerKey
  const take = (key: string): void => {
    free -= 1
    running.set(key, (running.get(key) ?? 0) + 1)
  }

  const acquire = async (key: string, signal: AbortSignal): Promise<void> => {
    signal.throwIfAborted()
    if (mayRun(key)) return take(key)
    const permit = Promise.withResolvers<void>()
    const entry = { key, grant: () => permit.resolve() }
    const abort = () => permit.reject(signal.reason)
    const timer = setTimeout(() => permit.reject(onTimeout()), timeoutMs)
    waiting.add(entry)
    signal.addEventListener('abort', abort)
    try {
      await permit.promise
    } catch (error) {
      // Granted in the same tick as the abort or the timeout.
      if (!waiting.has(entry)) release(key)
      throw error
    } finally {
      waiting.delete(entry)
      signal.removeEventListener('abort', abort)
      clearTimeout(timer)
    }
  }

  /** Hands the permit to the first waiting task that may run, so that a task which arrives now cannot overtake it. */
  const release = (key: string): void => {
    free += 1
    const left = (running.get(key) ?? 0) - 1
    if (left > 0) running.set(key, left)
    else running.delete(key)
    for (const entry of waiting) {
      if (!mayRun(entry.key)) continue
      take(entry.key)
      waiting.delete(entry)
      entry.grant()
      return
    }
  }

  return async (key, signal, task) => {
    await acquire(key, signal)
    try {
      return await task()
    } finally {
      release(key)
    }
  }
}
