// Waits for a condition instead of a fixed time.
import { setTimeout as sleep } from 'node:timers/promises'

/** Limit that is only reached when something is broken; a machine that is ten times slower stays below it. */
export const STATE_TIMEOUT_MS = 240_000

/** The interval grows from the first to the second: tests that wait for seconds leave the CPU to others. */
const FIRST_INTERVAL_MS = 20
const LAST_INTERVAL_MS = 100

/** The first value that is neither undefined, null nor false. @throws Error that names what was not reached */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | null | false> | T | undefined | null | false,
  timeoutMs = STATE_TIMEOUT_MS,
): Promise<T> {
  const deadline = performance.now() + timeoutMs
  for (let intervalMs = FIRST_INTERVAL_MS; ; intervalMs = Math.min(1.2 * intervalMs, LAST_INTERVAL_MS)) {
    const seen = await look()
    if (seen !== undefined && seen !== null && seen !== false) return seen
    if (performance.now() > deadline) throw new Error(`was not reached within ${timeoutMs} ms: ${what}`)
    await sleep(intervalMs)
  }
}
