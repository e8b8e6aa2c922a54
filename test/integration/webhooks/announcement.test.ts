// Deliveries are stored in the statement that ends the export: neither exists without the other.
import { randomUUID } from 'node:crypto'
import { createDatabase, type Database } from '@waybill/shared/database/client.ts'
import { createLedger, type Ledger } from '@waybill/shared/ledger/ledger.ts'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../setup/database.ts'
import { newExport } from '../../setup/ledger/new-export.ts'

const REQUEST = newExport()
const REQUESTER = { id: 'key:1', name: 'wb_caller' }
const ALL = ['export.completed', 'export.failed', 'export.canceled', 'export.expired']

let database: TestDatabase
let db: Database
let ledger: Ledger
beforeAll(async () => {
  database = await createTestDatabase()
  const connection = { connections: 4, connectTimeout: 5_000, queryTimeout: 10_000 }
  db = createDatabase({ url: database.url, name: 'test', ...connection })
  ledger = createLedger(db)
})
beforeEach(async () => {
  await db.webhookEndpoint.deleteMany()
})
afterAll(async () => {
  await db.$disconnect()
  await database.drop()
})

const endpoint = async (events = ALL, enabled = true): Promise<string> => {
  const data = { url: 'https://receiver.example/', events, enabled, secret: 'sealed', createdBy: 'test' }
  return (await db.webhookEndpoint.create({ data })).id
}
const ask = async (webhookUrl?: string): Promise<string> =>
  (await ledger.create({ ...REQUEST, webhookUrl }, REQUESTER, 1_000)).row.id
const start = async (exportId: string) => {
  const attempt = { exportId, token: randomUUID(), worker: 'worker:test' }
  expect(await ledger.claim(attempt)).toBeDefined()
  return attempt
}
const FILE = { key: 'k', bytes: 12, sha256: 'ab'.repeat(32), rowCount: 3, truncated: false, warnings: [] }
const complete = async (exportId: string): Promise<boolean> =>
  ledger.complete(await start(exportId), { ...FILE, snapshotAt: new Date() }, 60_000)
const deliveriesOf = (exportId: string) =>
  db.webhookDelivery.findMany({ where: { exportId }, orderBy: [{ createdAt: 'asc' }, { endpointId: 'asc' }] })
const types = async (exportId: string) => (await deliveriesOf(exportId)).map(({ type }) => type)

describe('an export that ends', () => {
  it('creates one delivery for each subscribed endpoint, and one for its own address', async () => {
    const wanting = await endpoint()
    await endpoint(['export.failed'])
    await endpoint(ALL, false)
    const id = await ask('https://mine.example/')
    expect(await types(id)).toEqual([])
    await complete(id)
    const deliveries = await deliveriesOf(id)
    expect(deliveries.map(({ endpointId }) => endpointId).sort()).toEqual([wanting, null].sort())
    for (const delivery of deliveries) {
      expect(delivery).toMatchObject({ type: 'export.completed', status: 'pending', attempts: 0 })
      expect(delivery.nextAttemptAt).toEqual(delivery.createdAt)
      expect(delivery.data).toEqual({
        ...{ id, dataset: 'users', format: 'csv', status: 'completed', error: null },
        ...{ rowCount: 3, bytes: 12, sha256: FILE.sha256 },
      })
    }
  })

  it('is described in its delivery as it was at that moment', async () => {
    const id = await ask('https://mine.example/')
    await complete(id)
    await ledger.expire(id, 'a-caller')
    expect((await deliveriesOf(id)).map(({ type, data }) => [type, data])).toMatchObject([
      ['export.completed', { status: 'completed', rowCount: 3 }],
      ['export.expired', { status: 'expired', rowCount: 3 }],
    ])
  })

  it('creates deliveries with its code after failure, cancelation or the loss of its worker', async () => {
    await endpoint()
    const failed = await ask()
    await ledger.fail(await start(failed), 'STORAGE_FULL', 'No room.')
    expect(await deliveriesOf(failed)).toMatchObject([
      { type: 'export.failed', data: { error: { code: 'STORAGE_FULL', message: 'No room.' }, bytes: null } },
    ])
    const canceled = await ask()
    await ledger.cancel(canceled, 'a-caller')
    expect(await deliveriesOf(canceled)).toMatchObject([
      { type: 'export.canceled', data: { status: 'canceled', error: null } },
    ])
    const lost = await ask()
    for (let times = 0; times < 3; times++) {
      await start(lost)
      await ledger.reviveLost(0, 'reconciler', lost)
    }
    expect(await deliveriesOf(lost)).toMatchObject([
      { type: 'export.failed', data: { error: { code: 'WORKER_LOST' } } },
    ])
  })

  it('creates no deliveries for late or retried attempts', async () => {
    await endpoint()
    const id = await ask()
    await ledger.requeue(await start(id), 'SOURCE_TIMEOUT', 0)
    await ledger.release(await start(id))
    const late = await start(id)
    await ledger.reviveLost(0, 'reconciler', id)
    expect(await complete(id)).toBe(true)
    expect(await ledger.fail(late, 'INTERNAL', 'late')).toBe(false)
    expect(await ledger.cancel(id, 'late')).toBe(false)
    expect(await types(id)).toEqual(['export.completed'])
  })
})

it('an export does not end when its deliveries cannot be stored', async () => {
  await endpoint()
  const id = await ask()
  await db.$executeRaw`ALTER TABLE waybill.webhook_deliveries ADD CONSTRAINT broken CHECK (false) NOT VALID`
  try {
    await expect(ledger.cancel(id, 'a-caller')).rejects.toThrow(/broken/)
  } finally {
    await db.$executeRaw`ALTER TABLE waybill.webhook_deliveries DROP CONSTRAINT broken`
  }
  expect((await db.export.findUniqueOrThrow({ where: { id } })).status).toBe('queued')
  expect((await db.auditEvent.findMany({ where: { exportId: id } })).map(({ type }) => type)).toEqual([
    'export.requested',
  ])
})
