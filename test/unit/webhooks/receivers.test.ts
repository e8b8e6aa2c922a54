// A receiver that does not respond, and a caller with many receivers, use only a few permits.
import { expect, it } from 'vitest'
import { createReceivers, type Receiver } from '../../../apps/worker/src/webhooks/receivers.ts'

const CONCURRENCY = 50
const named = (requesterId: string, host: string): Receiver => ({
  ...{ endpointId: null, requesterId },
  url: `https://${host}/hook`,
})
const endpoint = (endpointId: string): Receiver => ({ endpointId, requesterId: null, url: 'https://same.example/' })

it('limits a caller with many receivers to a tenth of the permits, and reuses permits after their release', () => {
  const receivers = createReceivers(CONCURRENCY)
  const entered = Array.from({ length: CONCURRENCY }, (_, index) =>
    receivers.acquire(named('a', `h${index}.a.example`)),
  )
  const permits = entered.flatMap((permit) => ('release' in permit ? [permit] : []))
  expect(permits).toHaveLength(5)
  expect(receivers.acquire(named('b', 'b.example'))).toHaveProperty('release')
  expect(receivers.acquire(endpoint('1'))).toHaveProperty('release')
  expect(receivers.acquire(named('a', 'one-more.a.example'))).toHaveProperty('retryAfterMs')
  for (const permit of permits) permit.release()
  expect(receivers.acquire(named('a', 'one-more.a.example'))).toHaveProperty('release')
})

it('limits a host to three permits for all callers together, and an endpoint to three permits', () => {
  const receivers = createReceivers(CONCURRENCY)
  const kinds = (all: readonly Receiver[]) =>
    all.map((one) => ('release' in receivers.acquire(one) ? 'permit' : 'wait'))
  const oneHost = ['a', 'b', 'c', 'd'].map((requester) => named(requester, 'one.example'))
  expect(kinds(oneHost)).toEqual(['permit', 'permit', 'permit', 'wait'])
  expect(kinds(['1', '1', '1', '1', '2'].map(endpoint))).toEqual(['permit', 'permit', 'permit', 'wait', 'permit'])
})

it('increases the delay with the number of deliveries that wait for the same receiver, not for other receivers', () => {
  const receivers = createReceivers(CONCURRENCY, () => 0)
  const delayOf = (receiver: Receiver): number => {
    const entered = receivers.acquire(receiver)
    return 'retryAfterMs' in entered ? entered.retryAfterMs : 0
  }
  for (const id of ['busy', 'quiet']) for (let count = 0; count < 3; count++) receivers.acquire(endpoint(id))
  const delays = Array.from({ length: 300 }, () => delayOf(endpoint('busy')))
  expect(Math.max(...delays.slice(0, 3))).toBeLessThanOrEqual(10_000)
  expect(Math.max(...delays.slice(200))).toBeGreaterThan(10_000)
  expect(Math.max(...delays)).toBeLessThanOrEqual(300_000)
  expect(delayOf(endpoint('quiet'))).toBeLessThanOrEqual(10_000)
})
