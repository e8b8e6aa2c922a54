// The circuit breaker: one probe at a time, and open from a failed probe until one succeeds.
import { expect, it } from 'vitest'
import { type BreakerState, createBreaker } from '../../../apps/worker/src/outages/breaker.ts'

function createProbed() {
  const states: BreakerState[] = []
  const probes: PromiseWithResolvers<void>[] = []
  let returns = 0
  const breaker = createBreaker({
    probe: () => {
      const probe = Promise.withResolvers<void>()
      probes.push(probe)
      return probe.promise
    },
    onChange: (state) => void states.push(state),
    onReturn: () => {
      returns += 1
    },
  })
  return { breaker, states, probes, returns: () => returns }
}

it('a breaker closes without opening when the first probe succeeds', async () => {
  const { breaker, states, probes, returns } = createProbed()
  breaker.report()
  breaker.report()
  expect(probes).toHaveLength(1)
  probes[0]?.resolve()
  await breaker.whenClosed(new AbortController().signal)
  expect(states).toEqual(['suspect', 'closed'])
  expect(returns()).toBe(0)
  expect(breaker.msSinceReturn()).toBe(Number.POSITIVE_INFINITY)
})

it('a breaker stays open, with one probe at a time, until a probe succeeds', async () => {
  const { breaker, states, probes, returns } = createProbed()
  breaker.report()
  probes[0]?.reject(new Error('refused'))
  await expect.poll(() => probes.length).toBe(2)
  expect(breaker.state()).toBe('open')
  breaker.report()
  expect(probes).toHaveLength(2)
  probes[1]?.resolve()
  await breaker.whenClosed(new AbortController().signal)
  expect(states).toEqual(['suspect', 'open', 'closed'])
  expect(returns()).toBe(1)
  expect(breaker.msSinceReturn()).toBeLessThan(60_000)
})

it('a breaker that rechecks an earlier outage reports the return', async () => {
  const { breaker, states, probes, returns } = createProbed()
  breaker.recheck()
  probes[0]?.resolve()
  await breaker.whenClosed(new AbortController().signal)
  expect(states).toEqual(['suspect', 'closed'])
  expect(returns()).toBe(1)
})

it('the wait for a breaker ends with the reason of the signal, and a stopped breaker probes no more', async () => {
  const { breaker, probes } = createProbed()
  breaker.report()
  const stopping = new AbortController()
  const waiting = breaker.whenClosed(stopping.signal)
  const reason = new Error('stopping')
  stopping.abort(reason)
  await expect(waiting).rejects.toBe(reason)
  breaker.stop()
  probes[0]?.reject(new Error('refused'))
  await expect.poll(() => breaker.state()).toBe('suspect')
  breaker.report()
  expect(probes).toHaveLength(1)
})
