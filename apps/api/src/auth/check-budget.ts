// Bounds how many signatures of unknown tokens are checked per second, for each address and for each known subject.

/** Per address, for tokens of subjects that this process has not seen with a valid token. */
export const CHECKS_PER_ADDRESS = 100

/** Per address and known subject, so that forged tokens of unknown subjects cannot use it up. */
export const CHECKS_PER_SUBJECT = 5

export interface CheckBudget {
  /** False when the checks of this second are used up. @param now milliseconds of a monotonic clock */
  take(key: string, limit: number, now?: number): boolean
}

export function createCheckBudget(): CheckBudget {
  let second = Number.NEGATIVE_INFINITY
  // Holds the keys of one second only, so that it cannot grow.
  const used = new Map<string, number>()
  return {
    take(key, limit, now = performance.now()) {
      if (Math.floor(now / 1_000) !== second) {
        second = Math.floor(now / 1_000)
        used.clear()
      }
      const count = used.get(key) ?? 0
      if (count >= limit) return false
      used.set(key, count + 1)
      return true
    },
  }
}
