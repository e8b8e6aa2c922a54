// Fault 9: a worker that stands still past its lock, and goes on when another has done its work.
import { describe, expect, it } from 'vitest'
import { QUEUE_BACKENDS } from '../setup/system.ts'
import { startChaos } from './setup/chaos.ts'
import { until } from './setup/until.ts'

const LOST = 'the attempt lost the export; what it wrote is thrown away'

describe.concurrent.each(QUEUE_BACKENDS)('fault 9, queue on %s', (queue) => {
  it('does not let a worker that stood still in mid-upload publish after another has', async (test) => {
    const chaos = await startChaos(test, { queue, rows: 12_000, rowBytes: 1000 })
    const s3 = await chaos.proxy('S3_ENDPOINT')
    const [api, late] = await Promise.all([
      chaos.startApi(),
      chaos.startWorker({ S3_ENDPOINT: s3.through(String(chaos.settings.S3_ENDPOINT)) }),
    ])
    s3.throttle(4_000_000)
    const id = await api.ask()
    await chaos.uploading(id)
    late.signal('SIGSTOP')
    const { token } = await chaos.row(id)
    await chaos.startWorker()
    await chaos.becomes(id, 'completed')

    s3.restore()
    late.signal('SIGCONT')
    expect(await late.said(LOST)).toMatchObject({ exportId: id, attempt: 1 })
    expect(await chaos.story(id)).toEqual(['requested', 'started', 'retrying', 'started', 'completed'])
    await chaos.holds([id])
    const { rowCount } = await chaos.client.query('SELECT FROM waybill.uploads WHERE token = $1', [token])
    expect(rowCount, 'what it wrote is on record no longer, as nothing is left').toBe(0)
    // It is none the worse for it: the next export may be its own.
    await chaos.becomes(await api.ask({ limit: 10 }), 'completed')
  })

  it('refuses the publication of a worker that stood still with its file complete', async (test) => {
    const chaos = await startChaos(test, { queue, settings: { WORKER_LOCK: '3s' } })
    const [api, late] = await Promise.all([chaos.startApi(), chaos.startWorker()])
    const { release } = await chaos.holdPublication()
    const id = await api.ask()
    const publishing = await until('it publishes', async () => (await chaos.blocked("status = 'completed'"))[0])
    late.signal('SIGSTOP')
    // The word is lost on the way: it will be said again.
    await chaos.client.query('SELECT pg_terminate_backend($1)', [publishing])
    await release()
    await chaos.startWorker()
    await chaos.becomes(id, 'completed')
    late.signal('SIGCONT')
    await chaos.becomes(await api.ask(), 'completed')
    await late.stop()
    expect(late.lines().filter(({ msg, exportId }) => msg === 'export completed' && exportId === id)).toEqual([])
    expect(await chaos.story(id)).toEqual(['requested', 'started', 'retrying', 'started', 'completed'])
    await chaos.holds([id])
  })
})
