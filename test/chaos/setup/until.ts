// Waits for a condition, never for a time.
import { setTimeout as sleep } from 'node:timers/promises'

/** A ceiling that is only reached when something is broken (milliseconds). */
export const PATIENCE = 45_000

const PAUSE = 20

/** The first value that is neither undefined, null nor false. @throws Error that says what did not come true */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | null | false> | T | undefined | null | false,
  patience = PATIENCE,
): Promise<T> {
  const deadline = performance.now() + patience
  for (;;) {
    const seen = await look()
    if (seen !== undefined && seen !== null && seen !== false) return seen
    if (performance.now() > deadline) throw new Error(`did not come true within ${patience} ms: ${what}`)
    await sleep(PAUSE)
  }
}
