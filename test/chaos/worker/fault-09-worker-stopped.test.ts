// Fault 9: a worker is stopped for longer than its lock, and resumes after another worker has completed the export.
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { QUEUE_BACKENDS } from '../../setup/system.ts'
import { SHORT_LOCK, startChaos } from '../setup/chaos.ts'
import { until } from '../setup/until.ts'

const LOST = 'the attempt lost the export; its objects are removed'

describe.concurrent.each(QUEUE_BACKENDS)('fault 9, queue on %s', (queue) => {
  it('a worker that was stopped during the upload cannot publish after another worker has', async (test) => {
    const chaos = await startChaos(test, { queue, rows: 12_000, rowBytes: 1000, settings: SHORT_LOCK })
    const s3 = await chaos.proxy('S3_ENDPOINT')
    const [api, late] = await Promise.all([
      chaos.startLocalApi(),
      chaos.startWorker({ S3_ENDPOINT: s3.through(String(chaos.settings.S3_ENDPOINT)) }),
    ])
    s3.throttle(4_000_000)
    const id = await api.ask()
    await chaos.uploading(id)
    late.signal('SIGSTOP')
    await chaos.startWorker()
    await chaos.becomes(id, 'completed')

    s3.restore()
    late.signal('SIGCONT')
    expect(await late.said(LOST)).toMatchObject({ exportId: id, attempt: 1 })
    expect(await chaos.story(id)).toEqual(['requested', 'started', 'retrying', 'started', 'completed'])
    // The stopped worker works again, so it may run the next export.
    const next = await api.ask({ limit: 10 })
    await chaos.becomes(next, 'completed')
    await chaos.holds([id, next])
  })

  it('a worker that was stopped with a complete file cannot publish after another worker has', async (test) => {
    const chaos = await startChaos(test, { queue, ownQueue: true, settings: SHORT_LOCK })
    // The first worker has a long lock, so it repeats the publication when it resumes. The other takes over after 10 s.
    const [api, late] = await Promise.all([chaos.startLocalApi(), chaos.startWorker({ WORKER_LOCK: '10m' })])
    const { release } = await chaos.holdPublication()
    const id = await api.ask()
    const publishing = await until('it publishes', async () => (await chaos.blocked("status = 'completed'"))[0])
    late.signal('SIGSTOP')
    // The publication is rejected, and the job has lost its lock.
    await chaos.client.query('SELECT pg_terminate_backend($1)', [publishing])
    await chaos.queue.empty()
    await release()
    await chaos.startWorker()
    await chaos.becomes(id, 'completed')
    late.signal('SIGCONT')
    expect(await late.said(LOST)).toMatchObject({ exportId: id, attempt: 1 })
    expect(await chaos.story(id)).toEqual(['requested', 'started', 'retrying', 'started', 'completed'])
    await chaos.holds([id])
  })

  it('a worker that is stopped for less than its lock keeps its export', async (test) => {
    const chaos = await startChaos(test, { queue, settings: { WORKER_LOCK: '30s' } })
    const [api, stopped] = await Promise.all([chaos.startApi(), chaos.startWorker()])
    const users = await chaos.lockUsers()
    const id = await api.ask()
    await until('the read waits', async () => (await chaos.blocked('users'))[0])
    const other = await chaos.startWorker()
    stopped.signal('SIGSTOP')
    // Longer than the third of the lock after which a worker is lost whose process has ended.
    await sleep(14_000)
    stopped.signal('SIGCONT')
    await users.release()
    await chaos.becomes(id, 'completed')
    expect(await chaos.story(id)).toEqual(['requested', 'started', 'completed'])
    expect(other.exit()).toBeUndefined()
    await chaos.holds([id])
  })

  it('a stopped worker does not keep the lock of the reconciler', async (test) => {
    const chaos = await startChaos(test, { queue, ownQueue: true, settings: SHORT_LOCK })
    const s3 = await chaos.proxy('S3_ENDPOINT')
    const [api, still] = await Promise.all([
      chaos.startLocalApi(),
      chaos.startWorker({ S3_ENDPOINT: s3.through(String(chaos.settings.S3_ENDPOINT)) }),
    ])
    const old = await api.ask()
    await chaos.becomes(old, 'completed')
    // The worker stops during a round of the reconciler, with its lock, because the removal of this file hangs.
    s3.stall()
    await chaos.client.query('UPDATE waybill.exports SET expires_at = now() WHERE id = $1', [old])
    await chaos.becomes(old, 'expired')
    still.signal('SIGSTOP')
    const forgotten = await api.ask()
    await chaos.queue.empty()
    await chaos.startWorker()
    await chaos.becomes(forgotten, 'completed')
    s3.restore()
    still.signal('SIGCONT')
    await chaos.holds([old, forgotten])
  })
})
