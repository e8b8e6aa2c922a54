// Fault 1: SIGKILL of the worker during the upload.
import { describe, expect, it } from 'vitest'
import { QUEUE_BACKENDS } from '../../setup/system.ts'
import { SHORT_LOCK, startChaos } from '../setup/chaos.ts'
import { openBucket } from '../setup/invariants.ts'
import { until } from '../setup/until.ts'

/** Usually 10 to 15 s. The margin above the promise is for a busy machine. */
const TAKE_OVER_TIMEOUT_MS = 60_000

describe.concurrent.each(QUEUE_BACKENDS)('fault 1, queue on %s', (queue) => {
  it('completes the export and leaves no parts behind when a worker dies during the upload', async (test) => {
    const chaos = await startChaos(test, { queue, rows: 12_000, rowBytes: 1000, settings: SHORT_LOCK })
    const s3 = await chaos.proxy('S3_ENDPOINT')
    const [api, victim] = await Promise.all([
      chaos.startLocalApi(),
      chaos.startWorker({ S3_ENDPOINT: s3.through(String(chaos.settings.S3_ENDPOINT)) }),
    ])
    s3.throttle(2_000_000)
    const id = await api.ask()
    await chaos.uploading(id)
    const bucket = openBucket(chaos.settings)
    chaos.defer(() => bucket.close())
    expect(await bucket.uploads(String(chaos.settings.S3_PREFIX))).toHaveLength(1)

    victim.signal('SIGKILL')
    await victim.ended
    await chaos.startWorker()
    await chaos.becomes(id, 'completed')
    expect(await chaos.story(id)).toEqual(['requested', 'started', 'retrying', 'started', 'completed'])
    await chaos.holds([id])
    expect(await bucket.uploads(String(chaos.settings.S3_PREFIX))).toEqual([])
  })

  it('another worker takes over within 25 s of the kill with the default settings', async (test) => {
    const chaos = await startChaos(test, { queue, settings: { WORKER_LOCK: '30s', RECONCILE_INTERVAL: '15s' } })
    const [api, victim] = await Promise.all([chaos.startApi(), chaos.startWorker()])
    const users = await chaos.lockUsers()
    const id = await api.ask()
    await until('the read waits', async () => (await chaos.blocked('users'))[0])
    const killedAt = performance.now()
    victim.signal('SIGKILL')
    await chaos.startWorker()
    await until('it is started again', async () => (await chaos.story(id)).filter((type) => type === 'started')[1])
    const tookMs = Math.round(performance.now() - killedAt)
    test.annotate(`taken over ${tookMs} ms after the kill`)
    expect(tookMs).toBeLessThan(TAKE_OVER_TIMEOUT_MS)
    await users.release()
    await chaos.becomes(id, 'completed')
    await chaos.holds([id])
  })
})
