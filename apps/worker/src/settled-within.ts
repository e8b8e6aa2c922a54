// Waits for work to end, but not for ever.
import { setTimeout as sleep } from 'node:timers/promises'

export async function settledWithin(work: Iterable<Promise<unknown>>, milliseconds: number): Promise<void> {
  const timer = new AbortController()
  const timeout = sleep(milliseconds, undefined, { signal: timer.signal }).catch(() => undefined)
  await Promise.race([Promise.allSettled(work), timeout])
  timer.abort()
}
