// Waits for a condition instead of a fixed time.
import { setTimeout as sleep } from 'node:timers/promises'

/** Limit that is only reached when something is broken; a machine that is ten times slower stays below it. */
export const STATE_TIMEOUT_MS = 240_000

const INTERVAL_MS = 20

/** The first value that is neither undefined, null nor false. @throws Error that says what did not come true */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | null | false> | T | undefined | null | false,
  timeoutMs = STATE_TIMEOUT_MS,
): Promise<T> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const seen = await look()
    if (seen !== undefined && seen !== null && seen !== false) return seen
    if (performance.now() > deadline) throw new Error(`was not reached within ${timeoutMs} ms: ${what}`)
    await sleep(INTERVAL_MS)
  }
}
