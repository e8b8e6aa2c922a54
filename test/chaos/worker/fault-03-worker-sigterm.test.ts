// Fault 3: SIGTERM of a worker.
import { describe, expect, it } from 'vitest'
import { QUEUE_BACKENDS } from '../../setup/system.ts'
import { SHORT_LOCK, startChaos } from '../setup/chaos.ts'
import { until } from '../setup/until.ts'

describe.concurrent.each(QUEUE_BACKENDS)('fault 3, queue on %s', (queue) => {
  it('a worker finishes running exports within the grace period and starts no new ones after SIGTERM', async (test) => {
    const settings = { SHUTDOWN_GRACE: '60s', WORKER_CONCURRENCY: '1' }
    const chaos = await startChaos(test, { queue, settings })
    const [api, worker] = await Promise.all([chaos.startLocalApi(), chaos.startWorker()])
    const users = await chaos.lockUsers()
    const running = await api.ask()
    await chaos.becomes(running, 'running')
    worker.signal('SIGTERM')
    await worker.said('stopping: no new work; running exports may finish')
    const late = await api.ask()
    await users.release()
    expect(await worker.ended).toEqual({ code: 0, signal: null })
    expect(await chaos.story(running)).toEqual(['requested', 'started', 'completed'])
    expect(await chaos.story(late)).toEqual(['requested'])

    await chaos.startWorker()
    await chaos.becomes(late, 'completed')
    await chaos.holds([running, late])
  })

  it('a worker releases exports that do not finish within the grace period, without spending an attempt', async (test) => {
    // The lock is 60 s, so an export that runs again earlier was released.
    const chaos = await startChaos(test, { queue, settings: { SHUTDOWN_GRACE: '200ms', WORKER_LOCK: '60s' } })
    const [api, worker] = await Promise.all([chaos.startLocalApi(), chaos.startWorker()])
    const users = await chaos.lockUsers()
    const id = await api.ask()
    await until('the read waits', async () => (await chaos.blocked('users'))[0])
    const other = await chaos.startWorker()
    worker.signal('SIGTERM')
    expect(await worker.ended).toEqual({ code: 0, signal: null })
    await until('the other worker runs it', async () => (await chaos.runner(id)).pid === other.pid)
    expect((await chaos.row(id)).attempts).toBe(1)
    await users.release()
    await chaos.becomes(id, 'completed')
    expect(await chaos.story(id)).toEqual(['requested', 'started', 'released', 'started', 'completed'])
    await chaos.holds([id])
  })

  it('a worker ends at once at the second signal, and its export completes elsewhere', async (test) => {
    const chaos = await startChaos(test, { queue, settings: { ...SHORT_LOCK, SHUTDOWN_GRACE: '10m' } })
    const [api, worker] = await Promise.all([chaos.startLocalApi(), chaos.startWorker()])
    const users = await chaos.lockUsers()
    const id = await api.ask()
    await chaos.becomes(id, 'running')
    worker.signal('SIGTERM')
    await worker.said('stopping: no new work; running exports may finish')
    worker.signal('SIGINT')
    expect(await worker.ended).toEqual({ code: 130, signal: null })
    await users.release()
    await chaos.startWorker()
    await chaos.becomes(id, 'completed')
    await chaos.holds([id])
  })
})
