// Fault 9: a worker that stands still past its lock, and goes on when another has done its work.
import { describe, expect, it } from 'vitest'
import { QUEUE_BACKENDS } from '../../setup/system.ts'
import { SHORT_LOCK, startChaos } from '../setup/chaos.ts'
import { until } from '../setup/until.ts'

const LOST = 'the attempt lost the export; what it wrote is thrown away'

describe.concurrent.each(QUEUE_BACKENDS)('fault 9, queue on %s', (queue) => {
  it('does not let a worker that stood still in mid-upload publish after another has', async (test) => {
    const chaos = await startChaos(test, { queue, rows: 12_000, rowBytes: 1000, settings: SHORT_LOCK })
    const s3 = await chaos.proxy('S3_ENDPOINT')
    const [api, late] = await Promise.all([
      chaos.startApi(),
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
    // It is none the worse for it: the next export may be its own.
    const next = await api.ask({ limit: 10 })
    await chaos.becomes(next, 'completed')
    await chaos.holds([id, next])
  })

  it('refuses the publication of a worker that stood still with its file complete', async (test) => {
    const chaos = await startChaos(test, { queue, ownQueue: true, settings: SHORT_LOCK })
    // It believes in its lock for long, and so says its word again when it wakes up; the other takes over soon.
    const [api, late] = await Promise.all([chaos.startApi(), chaos.startWorker({ WORKER_LOCK: '10m' })])
    const { release } = await chaos.holdPublication()
    const id = await api.ask()
    const publishing = await until('it publishes', async () => (await chaos.blocked("status = 'completed'"))[0])
    late.signal('SIGSTOP')
    // The word is lost on the way, and so is the job with its lock.
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

  it('does not let a worker that stands still keep the turn of the reconciler from the others', async (test) => {
    const chaos = await startChaos(test, { queue, ownQueue: true, settings: SHORT_LOCK })
    const s3 = await chaos.proxy('S3_ENDPOINT')
    const [api, still] = await Promise.all([
      chaos.startApi(),
      chaos.startWorker({ S3_ENDPOINT: s3.through(String(chaos.settings.S3_ENDPOINT)) }),
    ])
    const old = await api.ask()
    await chaos.becomes(old, 'completed')
    // It has its turn, and is in the middle of it: the file of this export cannot be removed.
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
