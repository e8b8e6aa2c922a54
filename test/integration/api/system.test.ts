// GET /v1/system: shows operators the real state of queue, workers and exports.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startWorker } from '../../../apps/worker/src/worker.ts'
import { createLogger } from '../../../packages/shared/src/process/log.ts'
import { createApiClient, type Json } from '../../setup/api/api-client.ts'
import { expectProblem } from '../../setup/api/problem.ts'
import { withClient } from '../../setup/database.ts'
import { QUEUE_BACKENDS, startTestSystem, type TestSystem } from '../../setup/system.ts'

const look = async (system: TestSystem) => {
  const { status, headers, body } = await system.admin.get('/v1/system')
  expect(status).toBe(200)
  expect(headers.get('retry-after')).toBe('5')
  return body
}
const laneOf = (body: Json, lane: string) => body.queue.lanes.find((each: Json) => each.lane === lane)

describe.each(QUEUE_BACKENDS)('queue on %s', (queue) => {
  let system: TestSystem
  beforeAll(async () => {
    // Every export is in the large lane, also one whose estimate times out on a busy machine.
    system = await startTestSystem({ queue, worker: false, settings: { LARGE_EXPORT_ROWS: '1' } })
  })
  afterAll(() => system.stop())

  it('shows queued exports by lane with their age, from the ledger and the queue', async () => {
    // On a busy machine the first count of the jobs can take longer than its time limit.
    await expect.poll(async () => laneOf(await look(system), 'small').jobs).not.toBeNull()
    const empty = await look(system)
    expect(empty.dependencies).toEqual({ database: 'ok', source: 'ok', queue: 'ok', storage: 'ok' })
    expect(empty.queue.backend).toBe(queue)
    expect(empty.queue.lanes).toEqual([
      { lane: 'small', queued: 0, running: 0, oldestQueuedAt: null, jobs: { waiting: 0, active: 0 } },
      { lane: 'large', queued: 0, running: 0, oldestQueuedAt: null, jobs: { waiting: 0, active: 0 } },
    ])
    const { body: first } = await system.admin.post('/v1/exports', { dataset: 'users', format: 'csv' })
    await system.admin.post('/v1/exports', { dataset: 'users', format: 'json' })
    expect(laneOf(await look(system), 'large')).toEqual({
      ...{ lane: 'large', queued: 2, running: 0, oldestQueuedAt: first.createdAt },
      jobs: { waiting: 2, active: 0 },
    })
  })

  it('shows what queued exports wait for, until the time of their next attempt or while no worker reaches the storage', async () => {
    const [waiting = '', next = ''] = [
      (await system.admin.post('/v1/exports', { dataset: 'users', format: 'csv' })).body.id,
      (await system.admin.post('/v1/exports', { dataset: 'users', format: 'csv' })).body.id,
    ]
    const shown = async (id: string) => {
      const { waitingFor, nextAttemptAt } = (await system.admin.get(`/v1/exports/${id}`)).body
      return { waitingFor, isTimed: nextAttemptAt !== null }
    }
    const query = (sql: string, values: unknown[] = []) =>
      withClient(system.database.url, (client) => client.query(sql, values))
    const wait = (minutes: number) =>
      query(
        `UPDATE waybill.exports SET waiting_for = 'source', next_attempt_at = now() + make_interval(mins => $2::int)
          WHERE id = $1`,
        [waiting, minutes],
      )
    await wait(5)
    expect([await shown(waiting), await shown(next)]).toEqual([
      { waitingFor: 'source', isTimed: true },
      { waitingFor: 'turn', isTimed: false },
    ])
    expect((await look(system)).queue.waiting).toMatchObject({ source: 1, storage: 0, retry: 0 })
    await wait(-5)
    expect(await shown(waiting)).toEqual({ waitingFor: 'turn', isTimed: false })

    await query(`INSERT INTO waybill.workers (id, name, concurrency, running, unavailable)
      VALUES (gen_random_uuid(), 'cut off', 2, 0, '{storage}')`)
    await expect.poll(() => shown(next)).toEqual({ waitingFor: 'storage', isTimed: false })
    expect((await look(system)).workers).toMatchObject([{ name: 'cut off', unavailable: ['storage'] }])
    // Another worker reaches the storage, so exports have their turn.
    await query(`INSERT INTO waybill.workers (id, name, concurrency, running) VALUES (gen_random_uuid(), 'well', 2, 0)`)
    await expect.poll(() => shown(next)).toEqual({ waitingFor: 'turn', isTimed: false })
    await query('DELETE FROM waybill.workers')
    for (const id of [waiting, next]) {
      await system.admin.post(`/v1/exports/${id}/cancel`, {})
      expect(await shown(id)).toEqual({ waitingFor: null, isTimed: false })
    }
  })

  it('shows a queued export how many are ahead of it', async () => {
    const { body: last } = await system.admin.post('/v1/exports', { dataset: 'users', format: 'csv' })
    const { body } = await system.admin.get(`/v1/exports/${last.id}`)
    expect(body.queue).toEqual({ lane: 'large', ahead: 2 })
    await system.admin.post(`/v1/exports/${last.id}/cancel`, {})
    expect((await system.admin.get(`/v1/exports/${last.id}`)).body).not.toHaveProperty('queue')
  })
})

describe('workers', () => {
  let system: TestSystem
  beforeAll(async () => {
    system = await startTestSystem({ worker: false })
  })
  afterAll(() => system.stop())
  const start = () =>
    startWorker({
      config: system.config,
      log: createLogger('test', 'fatal'),
      datasets: system.datasets,
      ...system.connections,
    })

  it('are listed with their own ids while they run, and not after they have stopped', async () => {
    const workers = [start(), start()]
    await expect.poll(async () => (await look(system)).workers.length).toBe(2)
    for (const worker of (await look(system)).workers) {
      expect(worker).toMatchObject({
        name: expect.stringMatching(/^worker:/),
        state: 'alive',
        concurrency: system.config.WORKER_CONCURRENCY,
        running: 0,
      })
    }
    await Promise.all(workers.map((worker) => worker.stop(1_000)))
    expect((await look(system)).workers).toEqual([])
  })

  it('that were killed are silent at first, and removed later', async () => {
    const query = (sql: string) => withClient(system.database.url, (client) => client.query(sql))
    await query(
      `INSERT INTO waybill.workers (id, name, concurrency, running, seen_at) VALUES
         (gen_random_uuid(), 'worker:killed:1', 2, 1, now() - interval '21 seconds'),
         (gen_random_uuid(), 'worker:long-gone:1', 2, 0, now() - interval '61 minutes')`,
    )
    const states = async () =>
      Object.fromEntries((await look(system)).workers.map((worker: Json) => [worker.name, worker.state]))
    expect(await states()).toMatchObject({ 'worker:killed:1': 'silent' })
    const worker = start()
    await expect.poll(async () => Object.keys(await states())).not.toContain('worker:long-gone:1')
    expect(Object.values(await states()).toSorted()).toEqual(['alive', 'silent'])
    await worker.stop(1_000)
  })
})

describe('exports', () => {
  let system: TestSystem
  beforeAll(async () => {
    system = await startTestSystem()
  })
  afterAll(() => system.stop())

  it('that failed are listed with the reason, latest first', async () => {
    await withClient(system.database.url, (client) => client.query('ALTER TABLE useractions RENAME TO elsewhere'))
    const failed = await system.admin.export({ dataset: 'user-interactions', format: 'csv' })
    expect(failed.status).toBe('failed')
    const { failures } = await look(system)
    expect(failures).toHaveLength(1)
    expect(failures[0]).toEqual({
      ...{ id: failed.id, dataset: 'user-interactions', format: 'csv', requestedBy: failed.requestedBy },
      requestedByKind: 'api-key',
      finishedAt: failed.finishedAt,
      error: failed.error,
    })
    expect(failures[0].error.code).toBe('SOURCE_TABLE_MISSING')
  })

  it('that run are listed with their worker', async () => {
    await withClient(system.database.url, async (client) => {
      await client.query('BEGIN')
      // The table is locked, so the export is still running during the check.
      await client.query('LOCK TABLE users IN ACCESS EXCLUSIVE MODE')
      const { body } = await system.admin.post('/v1/exports', { dataset: 'users', format: 'csv' })
      await expect
        .poll(async () => (await look(system)).running)
        .toEqual([
          {
            ...{ id: body.id, dataset: 'users', format: 'csv', requestedBy: body.requestedBy },
            requestedByKind: 'api-key',
            startedAt: expect.any(String),
            progress: expect.objectContaining({ rows: 0 }),
            worker: expect.stringMatching(/^worker:/),
          },
        ])
      await client.query('COMMIT')
      expect((await system.admin.ended(body.id)).status).toBe('completed')
    })
    expect((await look(system)).running).toEqual([])
  })

  it('are visible to administrators only', async () => {
    const { body } = await system.admin.post('/v1/api-keys', { name: 'curious', role: 'exporter' })
    expectProblem(await createApiClient(system.url, body.key).get('/v1/system'), 403, 'FORBIDDEN')
  })
})
