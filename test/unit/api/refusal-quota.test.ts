// One caller's mistakes do not fill the trail, and are not forgotten either.
import { expect, it } from 'vitest'
import { createRefusalQuota } from '../../../apps/api/src/auth/refusal-quota.ts'

const named = (name: string) => ({ id: `key:${name}`, name })

it('thirty a minute are written down, the others counted with the next that is', () => {
  let now = 0
  const quota = createRefusalQuota(() => now)
  const take = (caller: string, times: number) => Array.from({ length: times }, () => quota.take(named(caller)))
  const written = (turns: readonly unknown[]) => turns.filter((turn) => turn !== undefined)
  expect(written(take('noisy', 100))).toHaveLength(30)
  expect(quota.take(named('quiet')), 'nobody pays for another').toEqual({ unrecorded: 0 })
  now = 59_999
  expect(quota.take(named('noisy'))).toBeUndefined()
  now = 60_000
  expect(quota.take(named('noisy'))).toEqual({ unrecorded: 71 })
  expect(quota.take(named('noisy'))).toEqual({ unrecorded: 0 })
  expect(written(take('noisy', 100))).toHaveLength(28)
})

it('what was kept out of the trail is told once, and told again when it could not be', () => {
  let now = 0
  const quota = createRefusalQuota(() => now)
  for (let count = 0; count < 40; count++) quota.take(named('noisy'))
  for (let count = 0; count < 3; count++) quota.take(named('quiet'))
  const untold = quota.drain()
  expect(untold).toEqual([{ caller: named('noisy'), unrecorded: 10 }])
  expect(quota.drain()).toEqual([])
  quota.giveBack(untold)
  now = 60_000
  for (let caller = 0; caller < 10_000; caller++) quota.take(named(`other ${caller}`))
  expect(quota.drain(), 'a crowd of others makes nobody forget it').toEqual(untold)
})
