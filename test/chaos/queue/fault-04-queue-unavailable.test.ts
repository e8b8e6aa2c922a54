// Fault 4: the queue is unavailable for a long time while the worker is idle.
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { QUEUE_BACKENDS } from '../../setup/system.ts'
import { startChaos } from '../setup/chaos.ts'

/**
 * A shorter outage than the documented 60 s tests the same: BullMQ's blocking read (5 s) has timed out, and both clients
 * have tried to reconnect several times. Later attempts do not differ, because the delay between them is at most 1 s
 * (queue/backend.ts).
 */
const OUTAGE_MS = 15_000

describe.concurrent.each(QUEUE_BACKENDS)('fault 4, queue on %s', (queue) => {
  it('a worker runs the next export without a restart after a long outage of the queue', async (test) => {
    const chaos = await startChaos(test, { queue, ownQueue: true })
    const [api, worker] = await Promise.all([chaos.startApi(), chaos.startWorker()])
    const first = await api.ask()
    await chaos.becomes(first, 'completed')
    await chaos.queue.away()
    await sleep(OUTAGE_MS)
    await chaos.queue.back()
    const back = performance.now()
    const next = await api.ask()
    await chaos.becomes(next, 'completed')
    test.annotate(`completed ${Math.round(performance.now() - back)} ms after the queue was back`)
    expect(worker.exit()).toBeUndefined()
    expect(await chaos.story(next)).toEqual(['requested', 'started', 'completed'])
    await chaos.holds([first, next])
  })
})
