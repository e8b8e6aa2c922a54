// Fault 7: the queue is unavailable when an export is requested.
import { describe, expect, it } from 'vitest'
import { QUEUE_BACKENDS } from '../../setup/system.ts'
import { startChaos } from '../setup/chaos.ts'

/** Ten times the time limit of the queue (1 s), for a busy machine. Without that limit, the request would hang. */
const ACCEPTED_TIMEOUT_MS = 10_000

describe.concurrent.each(QUEUE_BACKENDS)('fault 7, queue on %s', (queue) => {
  it('the API answers 202 while the queue is unavailable, and the export runs when the queue is back', async (test) => {
    const chaos = await startChaos(test, { queue, ownQueue: true })
    const [api] = await Promise.all([chaos.startApi(), chaos.startWorker()])
    await chaos.queue.away()
    const ids: string[] = []
    for (let count = 0; count < 3; count++) {
      const asked = performance.now()
      ids.push(await api.ask())
      expect(performance.now() - asked).toBeLessThan(ACCEPTED_TIMEOUT_MS)
    }
    await chaos.queue.back()
    await Promise.all(ids.map((id) => chaos.becomes(id, 'completed')))
    await chaos.holds(ids)
  })
})
