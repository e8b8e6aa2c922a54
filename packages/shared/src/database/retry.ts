// Retries a piece of database work while the database is unavailable for a short time.
import { setTimeout as sleep } from 'node:timers/promises'
import { databaseFailure } from './failure.ts'

const RETRY_DELAY_MS = 500

/**
 * Repeats `work` until the database has answered. `work` must be safe to repeat.
 *
 * @param timeoutMs after this time the last failure is thrown
 * @param signal ends the wait between two attempts
 */
export async function retryWhileUnavailable<T>(
  timeoutMs: number,
  work: () => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    try {
      return await work()
    } catch (error) {
      const { kind } = databaseFailure(error)
      const isTransient = kind === 'unavailable' || kind === 'timeout'
      if (!isTransient || performance.now() > deadline) throw error
      await sleep(RETRY_DELAY_MS, undefined, signal === undefined ? {} : { signal })
    }
  }
}
