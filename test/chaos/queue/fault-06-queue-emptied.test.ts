// Fault 6: Redis was flushed, or the tables of the queue were emptied.
import { describe, expect, it } from 'vitest'
import { QUEUE_BACKENDS } from '../../setup/system.ts'
import { SHORT_LOCK, startChaos } from '../setup/chaos.ts'

describe.concurrent.each(QUEUE_BACKENDS)('fault 6, queue on %s', (queue) => {
  it('every export that was queued or running completes after the queue was emptied', async (test) => {
    const chaos = await startChaos(test, {
      queue,
      ownQueue: true,
      settings: { ...SHORT_LOCK, WORKER_CONCURRENCY: '1' },
    })
    const [api, killed, living] = await Promise.all([chaos.startLocalApi(), chaos.startWorker(), chaos.startWorker()])
    const users = await chaos.lockUsers()
    const ids: string[] = []
    for (let count = 0; count < 8; count++) ids.push(await api.ask())
    // Each worker runs one export. The other six wait.
    const [first = '', second = ''] = ids
    await Promise.all([chaos.becomes(first, 'running'), chaos.becomes(second, 'running')])
    await chaos.queue.empty()
    expect(await chaos.queue.has(first)).toBe(false)
    killed.signal('SIGKILL')
    await killed.ended
    await users.release()
    await Promise.all(ids.map((id) => chaos.becomes(id, 'completed')))
    await chaos.holds(ids)
    expect(living.exit()).toBeUndefined()
  })
})
