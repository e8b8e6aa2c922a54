// Retries of the client: temporary errors are retried, but nothing is executed twice.
import { describe, expect, it } from 'vitest'
import { WaybillError } from '../../../packages/client/src/http/errors.ts'
import { isWorthRetrying, retryDelay, sleep, withRetries } from '../../../packages/client/src/http/retry.ts'
import { segment } from '../../../packages/client/src/http/transport.ts'

const answered = (status: number, retryAfter?: number) =>
  new WaybillError('UNEXPECTED_ANSWER', 'x', { status, retryAfter })
const network = new WaybillError('NETWORK', 'x')

describe('retries', () => {
  it.each([
    ['429, before anything was done', answered(429), true, true],
    ['503', answered(503), true, false],
    ['502 of a proxy', answered(502), true, false],
    ['504 of a proxy', answered(504), true, false],
    ['a lost connection', network, true, false],
    ['500', answered(500), false, false],
    ['422', answered(422), false, false],
    ['503 with a Retry-After of an hour', answered(503, 3_600_000), false, false],
  ])('%s', (_what, error, whenIdempotent, whenNot) => {
    expect(isWorthRetrying(error, true)).toBe(whenIdempotent)
    expect(isWorthRetrying(error, false)).toBe(whenNot)
  })

  it('does not retry a programming error', async () => {
    let tries = 0
    const broken = async () => {
      tries += 1
      throw new TypeError('a bug')
    }
    await expect(withRetries(broken, { retries: 5 }, true, undefined)).rejects.toThrow('a bug')
    expect(tries).toBe(1)
  })

  it('throws the last error after the last attempt, and reports each wait', async () => {
    const delays: number[] = []
    let tries = 0
    const failing = async () => {
      tries += 1
      throw network
    }
    const policy = { retries: 2, onRetry: (_error: WaybillError, delay: number) => delays.push(delay) }
    await expect(withRetries(failing, policy, true, undefined)).rejects.toBe(network)
    expect([tries, delays.length]).toEqual([3, 2])
  })
})

describe('the wait', () => {
  it('doubles up to 20 s, spread over half of it', () => {
    const delays = (random: number) => [0, 1, 2, 10].map((attempt) => retryDelay(attempt, 0, () => random))
    expect(delays(0)).toEqual([125, 250, 500, 10_000])
    expect(delays(1)).toEqual([250, 500, 1_000, 20_000])
  })

  it('is never shorter than Retry-After', () => {
    expect(retryDelay(0, 5_000, () => 0)).toBe(5_000)
    expect(retryDelay(0, 5_000, () => 1)).toBe(6_000)
  })

  it('rejects at once with the reason when the caller aborts', async () => {
    const reason = new Error('enough')
    await expect(sleep(60_000, AbortSignal.abort(reason))).rejects.toBe(reason)
    const later = new AbortController()
    const waiting = sleep(60_000, later.signal)
    later.abort(reason)
    await expect(waiting).rejects.toBe(reason)
  })
})

it('an id never changes the path of a request', () => {
  expect(segment('a/../b?c#d')).toBe('a%2F..%2Fb%3Fc%23d')
  for (const id of ['', '.', '..']) expect(() => segment(id)).toThrow(TypeError)
})
