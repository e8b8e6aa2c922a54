// One caller's mistakes do not fill the trail, and are not forgotten either.
import { expect, it } from 'vitest'
import { createRefusalQuota } from '../../apps/api/src/refusal-quota.ts'

it('thirty a minute are written down, the others counted with the next that is', () => {
  let now = 0
  const quota = createRefusalQuota(() => now)
  const take = (caller: string, times: number) => Array.from({ length: times }, () => quota.take(caller))
  const written = (turns: readonly unknown[]) => turns.filter((turn) => turn !== undefined)
  expect(written(take('noisy', 100))).toHaveLength(30)
  expect(quota.take('quiet'), 'nobody pays for another').toEqual({ unrecorded: 0 })
  now = 59_999
  expect(quota.take('noisy')).toBeUndefined()
  now = 60_000
  expect(quota.take('noisy')).toEqual({ unrecorded: 71 })
  expect(quota.take('noisy')).toEqual({ unrecorded: 0 })
  expect(written(take('noisy', 100))).toHaveLength(28)
})
