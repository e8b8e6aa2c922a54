// The number of signatures that are checked for unknown tokens is bounded per address and second.
import { expect, it } from 'vitest'
import { CHECKS_PER_ADDRESS, createCheckBudget } from '../../../apps/api/src/auth/check-budget.ts'

it('allows a number of checks per key and second', () => {
  const budget = createCheckBudget()
  const taken = (key: string, now: number) =>
    Array.from({ length: 5_000 }, () => budget.take(key, CHECKS_PER_ADDRESS, now)).filter(Boolean).length
  expect(taken('192.0.2.1', 10_000)).toBe(CHECKS_PER_ADDRESS)
  expect(taken('192.0.2.1', 10_999)).toBe(0)
  expect(taken('192.0.2.2', 10_999)).toBe(CHECKS_PER_ADDRESS)
  expect(taken('192.0.2.1', 11_000)).toBe(CHECKS_PER_ADDRESS)
})
