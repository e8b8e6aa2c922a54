// The trail is exported as a dataset for administrators, read from the database of the ledger.
import { readAnchors } from '@waybill/shared/audit/anchors.ts'
import { verifyTrail } from '@waybill/shared/audit/verify.ts'
import { createLogger } from '@waybill/shared/process/log.ts'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startWorker } from '../../../apps/worker/src/worker.ts'
import { createApiClient } from '../../setup/api/api-client.ts'
import { expectProblem } from '../../setup/api/problem.ts'
import { createTestDatabase, type TestDatabase } from '../../setup/database.ts'
import { startTestSystem, type TestSystem } from '../../setup/system.ts'

let elsewhere: TestDatabase
let system: TestSystem
beforeAll(async () => {
  // The source is another database, with an empty trail. It must not be read.
  elsewhere = await createTestDatabase()
  const settings = { SOURCE_DATABASE_URL: elsewhere.url, AUDIT_ANCHOR_INTERVAL: '1h', RECONCILE_INTERVAL: '200ms' }
  system = await startTestSystem({ settings })
})
afterAll(async () => {
  await system.stop()
  await elsewhere.drop()
})

const AUDIT = { dataset: 'audit', format: 'ndjson' }

const keyFor = async (role: string, datasets: readonly string[]) => {
  const { body } = await system.admin.post('/v1/api-keys', { name: 'key', role, datasets })
  return createApiClient(system.url, body.key)
}
const namesOf = ({ body }: { body: { items: { name: string }[] } }) => body.items.map(({ name }) => name)

it('the dataset has the events of the ledger in their order, with the hashes of the chain', async () => {
  await system.admin.export({ dataset: 'users', format: 'csv' })
  await system.admin.post('/v1/exports', { dataset: 'users', format: 'pdf' })
  const done = await system.admin.export(AUDIT)
  const file = await (await fetch(done.download.url)).text()
  const events = file
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  const { items } = (await system.admin.get('/v1/audit?limit=200')).body
  const told = items.toReversed().slice(0, events.length)
  expect(events.map(({ id, type, hash, data }) => ({ id, type, hash, data }))).toEqual(
    told.map(({ id, type, hash, data }: Record<string, unknown>) => ({ id, type, hash, data })),
  )
  expect(events.length).toBeGreaterThanOrEqual(6)
  expect(events.map(({ previousHash }) => previousHash).slice(1)).toEqual(events.map(({ hash }) => hash).slice(0, -1))

  const refusals = await system.admin.export({ ...AUDIT, filters: { type: 'export.refused', dateFrom: '2020-01-01' } })
  expect(refusals.rowCount).toBe(1)
  const preview = await system.admin.post('/v1/exports/preview', AUDIT)
  expect(preview.body.rows[0]).toMatchObject({ id: '1' })
})

it('a worker writes the head into the bucket once in each AUDIT_ANCHOR_INTERVAL', async () => {
  const anchors = () => readAnchors(system.connections.storage, AbortSignal.timeout(30_000))
  await system.admin.export({ dataset: 'users', format: 'csv' })
  await expect.poll(async () => (await anchors()).length).toBe(1)
  // Each later round writes none: this export needs several.
  await system.admin.export({ dataset: 'users', format: 'csv' })
  const another = startWorker({ ...system, log: createLogger('test', 'fatal'), ...system.connections })
  await system.admin.export({ dataset: 'users', format: 'csv' })
  await another.stop(5_000)
  const noted = await anchors()
  expect(noted).toHaveLength(1)
  expect((await verifyTrail(system.database.url, { noted })).problems).toEqual([])
})

it('a caller who is no longer an administrator gets no link to the file', async () => {
  const { body: key } = await system.admin.post('/v1/api-keys', { name: 'leaves', role: 'admin' })
  const client = createApiClient(system.url, key.key)
  const { id } = await client.export(AUDIT)
  expect((await system.admin.patch(`/v1/api-keys/${key.id}`, { role: 'exporter' })).status).toBe(200)
  expect((await client.get(`/v1/exports/${id}`)).body).not.toHaveProperty('download')
  expectProblem(await client.get(`/v1/exports/${id}/download`), 403, 'FORBIDDEN')
})

it('exporters neither see nor export the dataset, even if their list names it', async () => {
  expect(namesOf(await system.admin.get('/v1/datasets'))).toContain('audit')
  for (const client of [await keyFor('exporter', []), await keyFor('exporter', ['audit'])]) {
    expect(namesOf(await client.get('/v1/datasets'))).not.toContain('audit')
    for (const path of ['/v1/exports', '/v1/exports/preview']) {
      expectProblem(await client.post(path, AUDIT), 403, 'FORBIDDEN')
    }
  }
})
