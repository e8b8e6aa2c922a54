// The queue is a hint: every accepted export runs once when jobs are doubled, lost, or cannot be added.
import { setTimeout as sleep } from 'node:timers/promises'
import { createLogger } from '@waybill/shared/process/log.ts'
import { createQueueWorker } from '@waybill/shared/queue/backend.ts'
import { createExportQueue, type ExportJob, exportQueueName } from '@waybill/shared/queue/exports.ts'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import { type RunningWorker, startWorker } from '../../../apps/worker/src/worker.ts'
import type { Json } from '../../setup/api/api-client.ts'
import { withClient } from '../../setup/database.ts'
import { type HttpFaultProxy, isUpload, s3Error, startHttpFaultProxy } from '../../setup/network/http-fault-proxy.ts'
import { endpointOf, startTcpProxy, type TcpProxy } from '../../setup/network/tcp-proxy.ts'
import { QUEUE_BACKENDS, startTestSystem, type TestSystem } from '../../setup/system.ts'

const REQUEST = { dataset: 'users', format: 'csv' }

describe.each(QUEUE_BACKENDS)('the queue on %s', (backend) => {
  let system: TestSystem
  let redis: TcpProxy
  let s3: HttpFaultProxy
  const workers: RunningWorker[] = []

  beforeAll(async () => {
    redis = await startTcpProxy(endpointOf(inject('redisUrl')))
    s3 = await startHttpFaultProxy(inject('s3').endpoint)
    const settings = {
      RECONCILE_INTERVAL: '200ms',
      S3_ENDPOINT: s3.endpoint,
      ...(backend === 'redis' ? { REDIS_URL: redis.through(inject('redisUrl')) } : {}),
    }
    system = await startTestSystem({ queue: backend, worker: false, settings })
  })
  afterEach(async () => {
    s3.restore()
    await Promise.all(workers.splice(0).map((worker) => worker.stop(5_000)))
  })
  afterAll(async () => {
    await system.stop()
    await Promise.all([redis.close(), s3.close()])
  })

  const work = () => {
    const log = createLogger('test', 'fatal')
    workers.push(startWorker({ config: system.config, datasets: system.datasets, log, ...system.connections }))
  }
  const ask = async (): Promise<string> => {
    const { status, body } = await system.admin.post('/v1/exports', REQUEST)
    expect(status).toBe(202)
    return body.id
  }
  const trail = async (id: string): Promise<Json[]> => (await system.admin.get(`/v1/exports/${id}/events`)).body.items
  /** Without the links that the test got when it read the completed export. */
  const types = async (id: string) =>
    (await trail(id)).map(({ type }) => type).filter((type) => type !== 'export.link-issued')
  const ONCE = ['export.requested', 'export.started', 'export.completed']

  /** Removes every job, like FLUSHALL or TRUNCATE. */
  const emptyQueue = async () => {
    const prefix = system.config.QUEUE_PREFIX
    if (backend === 'postgres') {
      await withClient(system.database.url, async (client) => {
        const { rows } = await client.query<{ name: string }>(
          `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname = $1
           AND tablename NOT LIKE '%migration%'`,
          [`${prefix}_queue`],
        )
        expect(rows.length).toBeGreaterThan(0)
        await client.query(`TRUNCATE ${rows.map(({ name }) => name).join(', ')}`)
      })
      return
    }
    const client = new Redis(inject('redisUrl'))
    const keys = await client.keys(`${prefix}:*`)
    expect(keys.length).toBeGreaterThan(0)
    await client.del(...keys)
    client.disconnect()
  }

  it('has one job for an export that is added several times', async () => {
    const id = await ask()
    const lane = (await system.connections.db.export.findUniqueOrThrow({ where: { id } })).lane
    for (let i = 0; i < 3; i++) await system.connections.queue.add({ id, lane, ahead: i })
    const taken: string[] = []
    const take = async (job: { data: ExportJob }) => void taken.push(job.data.exportId)
    const worker = createQueueWorker<ExportJob>(system.config, exportQueueName(lane), take, {})
    worker.on('error', () => undefined)
    while (taken.length === 0) await sleep(20)
    await sleep(300)
    await worker.close()
    expect(taken).toEqual([id])
    work()
    await system.admin.ended(id) // the job is gone, but the reconciler adds another
    expect(await types(id)).toEqual(ONCE)
  })

  it('runs an export once with many workers', async () => {
    work()
    work()
    const ids = await Promise.all(Array.from({ length: 10 }, ask))
    for (const id of ids) {
      expect(await system.admin.ended(id)).toMatchObject({ status: 'completed', attempts: 1 })
      expect(await types(id)).toEqual(ONCE)
    }
  })

  it('retries an export after an error of the storage, without spending an attempt, and records it', async () => {
    const rule = s3.fail(isUpload.whole, s3Error(500, 'InternalError'), { times: 4 }) // all attempts of the SDK
    work()
    const done = await system.admin.ended(await ask())
    expect(rule.hits).toBe(4)
    expect(done).toMatchObject({ status: 'completed', attempts: 1 })
    expect(await types(done.id)).toEqual([
      'export.requested',
      'export.started',
      'export.released',
      'export.started',
      'export.completed',
    ])
    expect((await trail(done.id))[2].data).toEqual({ code: 'STORAGE_UNAVAILABLE', waitingFor: 'storage' })
  })

  it('does not retry an export after a permanent error', async () => {
    work()
    const rule = s3.fail(isUpload.whole, s3Error(403, 'AccessDenied'))
    const refused = await system.admin.ended(await ask())
    expect(rule.hits).toBe(1)
    expect(refused).toMatchObject({
      status: 'failed',
      attempts: 1,
      error: { code: 'STORAGE_ACCESS_DENIED', message: expect.stringContaining('S3_ACCESS_KEY_ID'), retryable: false },
    })
    expect(await types(refused.id)).toEqual(['export.requested', 'export.started', 'export.failed'])

    await withClient(system.database.url, (client) => client.query('ALTER TABLE users RENAME TO elsewhere'))
    try {
      expect(await system.admin.ended(await ask())).toMatchObject({
        status: 'failed',
        attempts: 1,
        error: { code: 'SOURCE_TABLE_MISSING', message: expect.stringMatching(/users.*SOURCE_DATABASE_URL/s) },
      })
    } finally {
      await withClient(system.database.url, (client) => client.query('ALTER TABLE elsewhere RENAME TO users'))
    }
  })

  it('loses no export when it is emptied', async () => {
    const ids = await Promise.all(Array.from({ length: 5 }, ask))
    await emptyQueue()
    work()
    for (const id of ids) {
      expect(await system.admin.ended(id)).toMatchObject({ status: 'completed', attempts: 1 })
    }
  })

  it('may be unavailable for a POST: the API answers 202, and the export runs later', async () => {
    work()
    await system.admin.ended(await ask())
    const schema = `${system.config.QUEUE_PREFIX}_queue`
    const rename = (from: string, to: string) =>
      withClient(system.database.url, (client) => client.query(`ALTER SCHEMA ${from} RENAME TO ${to}`))
    if (backend === 'redis') redis.refuse()
    else await rename(schema, 'renamed')
    const startedAt = performance.now()
    const id = await ask()
    expect(performance.now() - startedAt).toBeLessThan(20_000)
    expect((await system.admin.get(`/v1/exports/${id}`)).body.status).toBe('queued')
    if (backend === 'redis') redis.restore()
    else await rename('renamed', schema)
    expect(await system.admin.ended(id)).toMatchObject({ status: 'completed', attempts: 1 })
  })
})

it('a queue that is closed while Redis is unavailable does not connect again', async () => {
  const redis = await startTcpProxy(endpointOf(inject('redisUrl')))
  const config = {
    DATABASE_URL: inject('postgresUrl'),
    REDIS_URL: redis.through(inject('redisUrl')),
    QUEUE_PREFIX: 't',
  }
  const queue = createExportQueue(config, () => undefined)
  await expect
    .poll(() =>
      queue.check().then(
        () => true,
        () => false,
      ),
    )
    .toBe(true)
  redis.refuse()
  await expect
    .poll(() =>
      queue.check().then(
        () => true,
        () => false,
      ),
    )
    .toBe(false)
  await queue.close().catch(() => undefined)
  const tries = redis.accepted
  // Two of its pauses between two tries.
  await sleep(2_000)
  expect(redis.accepted).toBe(tries)
  await redis.close()
})
