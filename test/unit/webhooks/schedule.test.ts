// The schedule of delivery attempts: three days, with increasing delays, and never earlier than Retry-After.
import { describe, expect, it } from 'vitest'
import { nextDelay } from '../../../apps/worker/src/webhooks/schedule.ts'

const [SECOND, MINUTE, HOUR] = [1_000, 60_000, 3_600_000]

describe('the schedule', () => {
  it('is 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h, then no more attempts', () => {
    const delays = Array.from({ length: 11 }, (_, index) => nextDelay(index + 1, 0, 0))
    const hours = [2, 5, 10, 14, 20, 24].map((count) => count * HOUR)
    expect(delays).toEqual([5 * SECOND, 5 * MINUTE, 30 * MINUTE, ...hours, undefined, undefined])
  })

  it('has jitter, so that deliveries that failed together are not retried together', () => {
    const delays = Array.from({ length: 50 }, () => nextDelay(2) ?? 0)
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(5 * MINUTE)
    expect(Math.max(...delays)).toBeLessThanOrEqual(6 * MINUTE)
    expect(new Set(delays).size).toBeGreaterThan(25)
  })

  it('honors Retry-After up to a limit, and never waits less than the schedule', () => {
    expect(nextDelay(1, 90 * SECOND, 0)).toBe(90 * SECOND)
    expect(nextDelay(1, 400 * 24 * HOUR, 0)).toBe(24 * HOUR)
    expect(nextDelay(3, SECOND, 0)).toBe(30 * MINUTE)
    expect(nextDelay(10, SECOND, 0)).toBeUndefined()
  })
})
