// Waits for promises to settle, with a timeout.
import { setTimeout as sleep } from 'node:timers/promises'

/** Resolves when all have settled, or after `timeoutMs`. Never rejects. */
export async function waitForAll(promises: Iterable<Promise<unknown>>, timeoutMs: number): Promise<void> {
  const timer = new AbortController()
  const timeout = sleep(timeoutMs, undefined, { signal: timer.signal }).catch(() => undefined)
  await Promise.race([Promise.allSettled(promises), timeout])
  timer.abort()
}
