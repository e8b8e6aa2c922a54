// Fault 5: the queue is unavailable while a job runs for longer than its lock.
import { describe, expect, it } from 'vitest'
import { QUEUE_BACKENDS } from '../../setup/system.ts'
import { startChaos } from '../setup/chaos.ts'
import { until } from '../setup/until.ts'

describe.concurrent.each(QUEUE_BACKENDS)('fault 5, queue on %s', (queue) => {
  it('an export is published once when the queue was unavailable for longer than the lock of its job', async (test) => {
    const chaos = await startChaos(test, { queue, ownQueue: true, settings: { WORKER_LOCK: '6s' } })
    const [api] = await Promise.all([chaos.startLocalApi(), chaos.startWorkers(2)])
    const users = await chaos.lockUsers()
    const id = await api.ask()
    await chaos.becomes(id, 'running')
    const { rows } = await chaos.client.query<{ past: Date }>(`SELECT now() + interval '13 s' AS past`)
    await chaos.queue.away()
    await until('two locks have run out, and the attempt is alive', async () => {
      const heard = await chaos.client.query('SELECT FROM waybill.exports WHERE id = $1 AND heartbeat_at > $2', [
        id,
        rows[0]?.past,
      ])
      return heard.rowCount === 1
    })
    await chaos.queue.back()
    // The queue may deliver a job with an expired lock again, or drop it.
    const later = await api.ask()
    await until('the queue works again', async () => (await chaos.story(later)).includes('started'))
    await users.release()
    await chaos.becomes(id, 'completed')
    await chaos.becomes(later, 'completed')
    expect(await chaos.story(id)).toEqual(['requested', 'started', 'completed'])
    await chaos.holds([id, later])
  })
})

describe('fault 5, Redis unavailable for one worker', () => {
  it('an export is published once when another worker gets the job of a worker without Redis', async (test) => {
    const chaos = await startChaos(test, { queue: 'redis', ownQueue: true, settings: { WORKER_LOCK: '6s' } })
    const redis = await chaos.proxy('REDIS_URL')
    const [api, cutOff] = await Promise.all([
      chaos.startLocalApi(),
      chaos.startWorker({ REDIS_URL: redis.through(String(chaos.settings.REDIS_URL)) }),
    ])
    const users = await chaos.lockUsers()
    const id = await api.ask()
    await chaos.becomes(id, 'running')
    redis.refuse()
    await chaos.startWorker()
    // The other worker takes the job. The ledger shows that the export has an active attempt, so the worker drops the job.
    await until('the job is gone', async () => !(await chaos.queue.has(id)))
    expect((await chaos.row(id)).status).toBe('running')
    await users.release()
    await chaos.becomes(id, 'completed')
    expect(await chaos.story(id)).toEqual(['requested', 'started', 'completed'])
    await chaos.holds([id])
    expect(await cutOff.stop(), 'it also ends without the queue').toEqual({ code: 0, signal: null })
  })
})
