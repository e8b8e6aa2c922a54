// Waits for a condition instead of a fixed time.
import { setTimeout as sleep } from 'node:timers/promises'

/** Only reached if something is broken: a machine that is ten times slower stays below it. */
export const STATE_TIMEOUT_MS = 240_000

/** The interval grows between these limits, so that tests which wait for seconds use little CPU. */
const FIRST_INTERVAL_MS = 20
const LAST_INTERVAL_MS = 100

/** Polls until the value is neither undefined, null nor false. @throws Error that names the condition */
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
