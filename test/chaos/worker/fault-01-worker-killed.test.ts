// Fault 1: SIGKILL of the worker during the upload.
import { describe, expect, it } from 'vitest'
import { QUEUE_BACKENDS } from '../../setup/system.ts'
import { SHORT_LOCK, startChaos } from '../setup/chaos.ts'
import { openBucket } from '../setup/invariants.ts'

describe.concurrent.each(QUEUE_BACKENDS)('fault 1, queue on %s', (queue) => {
  it('completes the export and leaves no parts behind when a worker dies during the upload', async (test) => {
    const chaos = await startChaos(test, { queue, rows: 12_000, rowBytes: 1000, settings: SHORT_LOCK })
    const s3 = await chaos.proxy('S3_ENDPOINT')
    const [api, victim] = await Promise.all([
      chaos.startApi(),
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
})
