// Rights at the moment of use: a revoked or narrowed key gets no data from queued, running or completed exports.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { listen } from '../../../apps/api/src/http/listen.ts'
import { createServer } from '../../../apps/api/src/server.ts'
import { type RunningWorker, startWorker } from '../../../apps/worker/src/worker.ts'
import { GAME_DATASETS } from '../../../packages/shared/src/datasets/index.ts'
import { createDatasets } from '../../../packages/shared/src/datasets/registry.ts'
import { createLogger } from '../../../packages/shared/src/process/log.ts'
import { type ApiClient, createApiClient, type Json } from '../../setup/api/api-client.ts'
import { expectProblem } from '../../setup/api/problem.ts'
import { look } from '../../setup/bucket.ts'
import { withClient } from '../../setup/database.ts'
import { startTestSystem, type TestSystem } from '../../setup/system.ts'

let system: TestSystem
beforeAll(async () => {
  system = await startTestSystem({ worker: false })
})
afterAll(() => system.stop())

let worker: RunningWorker | undefined
function work(): void {
  const { config, datasets, connections } = system
  worker = startWorker({ config, datasets, log: createLogger('test', 'fatal'), ...connections })
}
afterEach(async () => {
  await worker?.stop(5_000)
  worker = undefined
})

const EXPORT = { dataset: 'users', format: 'csv' }

interface Key {
  readonly id: string
  readonly secret: string
  readonly client: ApiClient
}

async function createKey(settings: Record<string, unknown> = {}): Promise<Key> {
  const { body } = await system.admin.post('/v1/api-keys', { name: 'leaver', role: 'exporter', ...settings })
  return { id: body.id, secret: body.key, client: createApiClient(system.url, body.key) }
}

const revoke = ({ id }: Key) => system.admin.delete(`/v1/api-keys/${id}`)
const narrow = ({ id }: Key) => system.admin.patch(`/v1/api-keys/${id}`, { datasets: ['user-points'] })
const expire = ({ id }: Key) =>
  withClient(system.database.url, (client) =>
    client.query(`UPDATE waybill.api_keys SET expires_at = now() - interval '1 second' WHERE id = $1`, [id]),
  )

async function events(id: string): Promise<string[]> {
  const { body } = await system.admin.get(`/v1/exports/${id}/events`)
  return body.items.map(({ type }: Json) => type)
}

describe.each([
  ['revoked', revoke, 'REQUESTER_REVOKED'],
  ['expired', expire, 'REQUESTER_REVOKED'],
  ['narrowed to another dataset', narrow, 'REQUESTER_FORBIDDEN'],
] as const)('when the key is %s', (_, change, code) => {
  it('before the run, the export fails with the reason and reads nothing', async () => {
    const key = await createKey()
    const { body } = await key.client.post('/v1/exports', EXPORT)
    await change(key)
    work()
    const failed = await system.admin.ended(body.id)
    expect(failed).toMatchObject({ status: 'failed', error: { code, retryable: false }, attempts: 1, rowCount: null })
    expect(await events(body.id)).toEqual(['export.requested', 'export.started', 'export.failed'])
    const { objects } = await look(system.config.S3_PREFIX)
    expect(objects.filter((object) => object.includes(body.id))).toEqual([])
  })

  it('during the run, the export stops and leaves no file', async () => {
    const key = await createKey()
    await withClient(system.database.url, async (locker) => {
      // Its table is locked, so the export keeps running.
      await locker.query('BEGIN; LOCK TABLE users')
      const { body } = await key.client.post('/v1/exports', EXPORT)
      work()
      const status = async () => (await system.admin.get(`/v1/exports/${body.id}`)).body.status
      await expect.poll(status).toBe('running')
      await change(key)
      expect(await system.admin.ended(body.id)).toMatchObject({ status: 'failed', error: { code }, attempts: 1 })
      await locker.query('ROLLBACK')
      const leftovers = async () => {
        const { objects } = await look(system.config.S3_PREFIX)
        return objects.filter((object) => object.includes(body.id))
      }
      await expect.poll(leftovers).toEqual([])
    })
  })
})

describe('between run and download', () => {
  const completed = async (key: Key): Promise<string> => {
    work()
    const done = await key.client.export(EXPORT)
    expect(done.download.url).toMatch(/^http/)
    return done.id
  }

  it('a narrowed key sees its export, but gets no link', async () => {
    const key = await createKey()
    const id = await completed(key)
    const before = await key.client.get(`/v1/exports/${id}`)
    await narrow(key)
    const after = await key.client.get(`/v1/exports/${id}`, { 'If-None-Match': String(before.headers.get('etag')) })
    expect(after.status, 'the answer has changed: it has no link').toBe(200)
    expect(after.body.status).toBe('completed')
    expect(after.body).not.toHaveProperty('download')
    expectProblem(await key.client.get(`/v1/exports/${id}/download`), 403, 'FORBIDDEN')
    expect(await events(id)).not.toContain('export.downloaded')
  })

  it('a revoked key gets nothing, an administrator gets the file', async () => {
    const key = await createKey()
    const id = await completed(key)
    await revoke(key)
    for (const path of ['', '/download', '/manifest', '/events']) {
      expectProblem(await key.client.get(`/v1/exports/${id}${path}`), 401, 'UNAUTHENTICATED')
    }
    expect((await system.admin.get(`/v1/exports/${id}`)).body.download.url).toMatch(/^http/)
    expect((await system.admin.get(`/v1/exports/${id}/download`)).status).toBe(303)
  })
})

it('a key that got its right back works as before', async () => {
  const key = await createKey()
  await narrow(key)
  expectProblem(await key.client.post('/v1/exports', EXPORT), 403, 'FORBIDDEN')
  await system.admin.patch(`/v1/api-keys/${key.id}`, { datasets: [] })
  work()
  expect(await key.client.export(EXPORT)).toMatchObject({ status: 'completed' })
})

it('the file of a dataset that is no longer offered keeps the access rule of the dataset', async () => {
  const key = await createKey({ role: 'admin' })
  work()
  const { id } = await key.client.export({ dataset: 'audit', format: 'csv' })
  await system.admin.patch(`/v1/api-keys/${key.id}`, { role: 'exporter' })
  const { config, connections } = system
  const app = createServer({
    config,
    datasets: createDatasets(GAME_DATASETS),
    log: createLogger('test', 'fatal'),
    ...connections,
  })
  const server = await listen(app, config)
  try {
    const client = createApiClient(`http://127.0.0.1:${server.port}`, key.secret)
    expect((await client.get(`/v1/exports/${id}`)).body).not.toHaveProperty('download')
    expectProblem(await client.get(`/v1/exports/${id}/download`), 403, 'FORBIDDEN')
  } finally {
    await server.close(1_000)
  }
})
