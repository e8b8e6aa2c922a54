// Serializes work per key within this process, in the order of the calls.
import { withTimeout } from './timeout.ts'

export type KeyedMutex = <T>(key: string, work: () => Promise<T>) => Promise<T>

/** A call that has waited for its key for longer than `timeoutMs` rejects with `onTimeout()`, and its work never starts. */
export function createKeyedMutex(timeoutMs: number, onTimeout: () => Error): KeyedMutex {
  const last = new Map<string, Promise<unknown>>()
  return async (key, work) => {
    const previous = last.get(key)
    const run = async () => {
      if (previous !== undefined) await withTimeout(timeoutMs, previous, onTimeout)
      return work()
    }
    const result = run()
    const released = result.then(ignore, ignore)
    last.set(key, released)
    try {
      return await result
    } finally {
      if (last.get(key) === released) last.delete(key)
    }
  }
}

function ignore(): void {
  // The caller gets the outcome; the next waiter only needs the lock.
}
