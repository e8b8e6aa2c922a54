// Insists on a piece of database work while the database is away for a moment.
import { setTimeout as sleep } from 'node:timers/promises'
import { databaseFailure } from './failure.ts'

/** Milliseconds between two tries. */
const PAUSE = 500

/**
 * Repeats `write`, which must be safe to repeat, until the database has answered.
 *
 * @param patience milliseconds after which the last failure is thrown
 * @param signal ends the waiting between tries
 */
export async function persist<T>(patience: number, write: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  const deadline = performance.now() + patience
  for (;;) {
    try {
      return await write()
    } catch (error) {
      const { kind } = databaseFailure(error)
      const isPassing = kind === 'unavailable' || kind === 'timeout'
      if (!isPassing || performance.now() > deadline) throw error
      await sleep(PAUSE, undefined, signal === undefined ? {} : { signal })
    }
  }
}
