// The limit of refused requests in the audit trail: no refusal is lost, whether the database answers or not.
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { createRefusalRecorder } from '../../../apps/api/src/auth/refusals.ts'
import { createDatabase, type Database } from '../../../packages/shared/src/database/client.ts'
import { createLogger } from '../../../packages/shared/src/process/log.ts'
import { createTestDatabase, type TestDatabase } from '../../setup/database.ts'
import { endpointOf, startTcpProxy, type TcpProxy } from '../../setup/network/tcp-proxy.ts'

const log = createLogger('test', 'fatal')
/** No window ends by itself, and a busy database has time to write. */
const OPTIONS = { windowMs: 3_600_000, recordTimeoutMs: 60_000 }

let database: TestDatabase
let proxy: TcpProxy
let db: Database
beforeAll(async () => {
  database = await createTestDatabase()
  proxy = await startTcpProxy(endpointOf(database.url))
  db = createDatabase({
    url: proxy.through(database.url),
    name: 'refusals',
    connections: 1,
    connectTimeout: 5_000,
    queryTimeout: 15_000,
  })
})
afterEach(() => proxy.restore())
afterAll(async () => {
  await db.$disconnect()
  await proxy.close()
  await database.drop()
})

interface Recorded {
  readonly written: number
  readonly counted: number
}

/** The number of events of one caller with a code, and the sum of the counts in its other events. */
async function recordedFor(id: string): Promise<Recorded> {
  const [row] = await db.$queryRaw<Recorded[]>`SELECT count(*) FILTER (WHERE data ? 'code')::int AS written,
    coalesce(sum((data ->> 'unrecordedBefore')::int), 0)::int AS counted
    FROM waybill.audit_events WHERE type = 'export.refused' AND actor_id = ${id}`
  return row ?? { written: 0, counted: 0 }
}

it('records 30 refusals of each caller in a window, and counts the others at its end', async () => {
  const recorder = createRefusalRecorder({ db, log }, OPTIONS)
  const refuse = async (id: string, times: number) => {
    for (let count = 0; count < times; count++)
      await recorder.record({ id, name: id }, 'export.refused', { code: 'FORBIDDEN' })
  }
  await refuse('noisy', 40)
  await refuse('quiet', 3)
  expect(await recordedFor('noisy')).toEqual({ written: 30, counted: 0 })
  await recorder.flush()
  await recorder.flush()
  expect(await recordedFor('noisy')).toEqual({ written: 30, counted: 10 })
  expect(await recordedFor('quiet')).toEqual({ written: 3, counted: 0 })
  await refuse('noisy', 1)
  expect(await recordedFor('noisy')).toEqual({ written: 31, counted: 10 })
})

it('flushes by itself after each window', async () => {
  const recorder = createRefusalRecorder({ db, log }, { ...OPTIONS, windowMs: 500 })
  const actor = { id: 'by itself', name: 'by itself' }
  const calls = Array.from({ length: 200 }, () =>
    recorder.record(actor, 'export.refused', { code: 'FORBIDDEN' }).catch(() => undefined),
  )
  await Promise.all(calls)
  await expect.poll(async () => (await recordedFor('by itself')).counted).toBe(170)
})

it('keeps counts that cannot be written while the database is unavailable', async () => {
  const recorder = createRefusalRecorder({ db, log }, OPTIONS)
  const actor = { id: 'unlucky', name: 'unlucky' }
  for (let count = 0; count < 42; count++) await recorder.record(actor, 'export.refused', { code: 'FORBIDDEN' })
  proxy.refuse()
  await recorder.flush()
  proxy.restore()
  await recorder.flush()
  expect(await recordedFor('unlucky')).toEqual({ written: 30, counted: 12 })
})
