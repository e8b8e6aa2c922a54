// The semaphore: no permit is lost or granted twice, and no task waits for ever.
import { expect, it } from 'vitest'
import { createSemaphore } from '../../../apps/api/src/exports/semaphore.ts'

const NEVER = new AbortController().signal
const onTimeout = () => new Error('timed out')

/** A task that runs until `end` is called. */
function openTask() {
  const ended = Promise.withResolvers<void>()
  let hasStarted = false
  const run = async () => {
    hasStarted = true
    await ended.promise
  }
  return { run, hasStarted: () => hasStarted, end: () => ended.resolve() }
}

it('starts waiting tasks in order of arrival, each when another has ended or failed', async () => {
  const withPermit = createSemaphore({ permits: 2, permitsPerKey: 2, timeoutMs: 60_000, onTimeout })
  const tasks = Array.from({ length: 4 }, openTask)
  const done = tasks.map(({ run }) => withPermit('a', NEVER, run))
  const started = () => tasks.map((task) => task.hasStarted())
  await expect.poll(started).toEqual([true, true, false, false])
  tasks[1]?.end()
  await expect.poll(started).toEqual([true, true, true, false])
  for (const { end } of tasks) end()
  await Promise.all(done)
  const failing = () => withPermit('a', NEVER, () => Promise.reject(new Error('no')))
  for (let count = 0; count < 5; count++) await expect(failing()).rejects.toThrow('no')
})

it('a task that is aborted or times out while it waits takes no permit', async () => {
  const withPermit = createSemaphore({ permits: 1, permitsPerKey: 1, timeoutMs: 50, onTimeout })
  const first = openTask()
  const running = withPermit('a', NEVER, first.run)
  const controller = new AbortController()
  const waiting = openTask()
  const aborted = expect(withPermit('a', controller.signal, waiting.run)).rejects.toThrow('closed')
  controller.abort(new Error('closed'))
  await aborted
  await expect(withPermit('a', NEVER, waiting.run)).rejects.toThrow('timed out')
  first.end()
  await running
  expect(waiting.hasStarted()).toBe(false)
  expect(await withPermit('a', NEVER, async () => 'free again')).toBe('free again')
})

it('runs one task of each key at a time, and lets those of other keys overtake', async () => {
  const withPermit = createSemaphore({ permits: 2, permitsPerKey: 1, timeoutMs: 60_000, onTimeout })
  const tasks = Array.from({ length: 4 }, openTask)
  const done = tasks.map(({ run }, index) => withPermit(index === 3 ? 'other' : 'greedy', NEVER, run))
  const started = () => tasks.map((task) => task.hasStarted())
  await expect.poll(started).toEqual([true, false, false, true])
  tasks[3]?.end()
  await done[3]
  expect(started()).toEqual([true, false, false, true])
  tasks[0]?.end()
  await expect.poll(started).toEqual([true, true, false, true])
  for (const { end } of tasks) end()
  await Promise.all(done)
})
