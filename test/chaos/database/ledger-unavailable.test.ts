// The ledger is unavailable during an export, or its response to the publication is lost.
import { describe, expect, it } from 'vitest'
import { QUEUE_BACKENDS } from '../../setup/system.ts'
import { useRig } from '../setup/rig.ts'
import { until } from '../setup/until.ts'

const ROWS = 4_000

describe.each(QUEUE_BACKENDS)('an export while the ledger is unavailable, queue on %s', (queue) => {
  const rig = useRig({ queue, rows: ROWS, rowBytes: 600, settings: { WORKER_LOCK: '10s' } })

  const startReading = async (bytesPerSecond = 1_000_000) => {
    const { source, ask, reading } = rig()
    source.throttle(bytesPerSecond)
    const id = await ask({ dataset: 'users', format: 'csv' })
    await reading(id)
    return id
  }

  it('completes in its first attempt after a short outage', async () => {
    const { ledger, source, ended, holds, story } = rig()
    const id = await startReading()
    const before = ledger.accepted
    ledger.refuse()
    await until('the worker has tried again and again', () => ledger.accepted >= before + 3)
    ledger.restore()
    source.restore()
    expect(await ended(id)).toMatchObject({ status: 'completed', rowCount: ROWS, attempts: 1 })
    expect(await story(id)).toEqual(['requested', 'started', 'completed'])
    await holds([id])
  })

  it('keeps the published object when the answer to the publication is lost', async () => {
    const { ledger, s3, ended, holds, story, ask } = rig()
    const lost = ledger.cutAnswerTo("SET status = 'completed'")
    const id = await ask({ dataset: 'users', format: 'ndjson' })
    await lost
    expect(await ended(id)).toMatchObject({ status: 'completed', rowCount: ROWS, attempts: 1 })
    await until('the export is completed in the trail', async () => (await story(id)).at(-1) === 'completed')
    await holds([id])
    const removed = s3.requests.filter(({ method, path }) => method === 'DELETE' && path.includes(id))
    expect(removed).toEqual([])
    await holds([id])
  })

  it('is queued again without spending an attempt, and has one object, after an outage longer than the lock', async () => {
    const { ledger, source, ended, holds, story, busyBackends } = rig()
    const id = await startReading(120_000)
    ledger.refuse()
    // The attempt has ended itself, because it could not renew its lock during WORKER_LOCK.
    await until('the attempt has ended', async () => (await busyBackends()).length === 0)
    source.restore()
    ledger.restore()
    expect(await ended(id)).toMatchObject({ status: 'completed', rowCount: ROWS, attempts: 1 })
    expect(await story(id)).toEqual(['requested', 'started', 'released', 'started', 'completed'])
    await holds([id])
  })

  it('is published once when the ledger stops answering while the publication waits for a lock', async () => {
    const { ledger, ended, holds, holdPublication, ask, blocked, story, s3, run } = rig()
    const held = await holdPublication()
    const id = await ask({ dataset: 'users', format: 'json' })
    await until('the publication waits', async () => (await blocked("status = 'completed'")).length > 0)
    ledger.freeze()
    await held.release()
    expect(await ended(id)).toMatchObject({ status: 'completed', rowCount: ROWS, attempts: 1 })
    expect(await story(id)).toEqual(['requested', 'started', 'completed'])
    // The worker repeats the statement until it has a response or a time limit. In both cases it removes nothing.
    const later = await run({ dataset: 'users', format: 'csv', limit: 10 })
    expect(later).toMatchObject({ status: 'completed' })
    expect(s3.requests.filter(({ method, path }) => method === 'DELETE' && path.includes(id))).toEqual([])
    await holds([id, later.id])
  })
})
