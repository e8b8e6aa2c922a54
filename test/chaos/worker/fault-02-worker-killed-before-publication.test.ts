// Fault 2: SIGKILL after the upload completed, before the row is updated.
import { describe, expect, it } from 'vitest'
import { QUEUE_BACKENDS, type QueueBackend } from '../../setup/system.ts'
import { type Chaos, SHORT_LOCK, startChaos } from '../setup/chaos.ts'
import { openBucket } from '../setup/invariants.ts'
import { until } from '../setup/until.ts'

describe.concurrent.each(QUEUE_BACKENDS)('fault 2, queue on %s', (queue) => {
  it('publishes one object and removes the other when the worker dies and its publication is lost', async (test) => {
    const { chaos, id, publishing, release } = await killWhilePublishing(test, queue)
    await chaos.client.query('SELECT pg_terminate_backend($1)', [publishing])
    await release()
    await chaos.startWorker()
    await chaos.becomes(id, 'completed')
    expect(await chaos.story(id)).toEqual(['requested', 'started', 'retrying', 'started', 'completed'])
    await chaos.holds([id])
  })

  it('keeps the object when the worker dies and its publication still succeeds', async (test) => {
    const { chaos, id, release } = await killWhilePublishing(test, queue)
    await chaos.startWorker()
    await release() // the server has received the statement, so it runs
    await chaos.becomes(id, 'completed')
    expect(await chaos.story(id)).toEqual(['requested', 'started', 'completed'])
    await chaos.holds([id])
  })
})

/** The file is complete in the bucket, its worker is dead, and the publishing statement waits in the server. */
async function killWhilePublishing(test: Parameters<typeof startChaos>[0], queue: QueueBackend) {
  const chaos: Chaos = await startChaos(test, { queue, settings: SHORT_LOCK })
  const [api, victim] = await Promise.all([chaos.startLocalApi(), chaos.startWorker()])
  const { release } = await chaos.holdPublication()
  const id = await api.ask()
  const publishing = await until('the worker publishes', async () => (await chaos.blocked("status = 'completed'"))[0])
  victim.signal('SIGKILL')
  await victim.ended
  const bucket = openBucket(chaos.settings)
  chaos.defer(() => bucket.close())
  expect(await bucket.keys(`${chaos.settings.S3_PREFIX}exports/${id}/`)).toHaveLength(2)
  return { chaos, id, publishing, release }
}
