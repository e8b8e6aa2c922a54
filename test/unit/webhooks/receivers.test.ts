// A receiver that does not answer, and a caller who names many of them, take a few places and no more.
import { expect, it } from 'vitest'
import { createReceivers, type Receiver } from '../../../apps/worker/src/webhooks/receivers.ts'

const CONCURRENCY = 50
const named = (requesterId: string, host: string): Receiver => ({
  ...{ endpointId: null, requesterId },
  url: `https://${host}/hook`,
})
const endpoint = (endpointId: string): Receiver => ({ endpointId, requesterId: null, url: 'https://same.example/' })

it('one caller with a host name for each webhook takes a tenth of the places, and gets them back', () => {
  const receivers = createReceivers(CONCURRENCY)
  const entered = Array.from({ length: CONCURRENCY }, (_, index) => receivers.enter(named('a', `h${index}.a.example`)))
  const places = entered.flatMap((place) => ('leave' in place ? [place] : []))
  expect(places).toHaveLength(5)
  expect(receivers.enter(named('b', 'b.example'))).toHaveProperty('leave')
  expect(receivers.enter(endpoint('1'))).toHaveProperty('leave')
  expect(receivers.enter(named('a', 'one-more.a.example'))).toHaveProperty('pause')
  for (const place of places) place.leave()
  expect(receivers.enter(named('a', 'one-more.a.example'))).toHaveProperty('leave')
})

it('one host has three places for all callers; one endpoint three of its own', () => {
  const receivers = createReceivers(CONCURRENCY)
  const kinds = (all: readonly Receiver[]) => all.map((one) => ('leave' in receivers.enter(one) ? 'place' : 'pause'))
  const oneHost = ['a', 'b', 'c', 'd'].map((requester) => named(requester, 'one.example'))
  expect(kinds(oneHost)).toEqual(['place', 'place', 'place', 'pause'])
  expect(kinds(['1', '1', '1', '1', '2'].map(endpoint))).toEqual(['place', 'place', 'place', 'pause', 'place'])
})

it('whoever waits comes back the later, the more wait for the same place; those of others do not', () => {
  const receivers = createReceivers(CONCURRENCY, () => 0)
  const pauseOf = (receiver: Receiver): number => {
    const entered = receivers.enter(receiver)
    return 'pause' in entered ? entered.pause : 0
  }
  for (const id of ['busy', 'quiet']) for (let count = 0; count < 3; count++) receivers.enter(endpoint(id))
  const pauses = Array.from({ length: 300 }, () => pauseOf(endpoint('busy')))
  expect(Math.max(...pauses.slice(0, 3))).toBeLessThanOrEqual(10_000)
  expect(Math.max(...pauses.slice(200))).toBeGreaterThan(10_000)
  expect(Math.max(...pauses)).toBeLessThanOrEqual(300_000)
  expect(pauseOf(endpoint('quiet'))).toBeLessThanOrEqual(10_000)
})
