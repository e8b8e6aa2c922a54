// The chain has no gap and no fork with concurrent writers, rollbacks, and writers that hang.
import { recordEvent } from '@waybill/shared/audit/record.ts'
import { verifyTrail } from '@waybill/shared/audit/verify.ts'
import { createDatabase, type Database } from '@waybill/shared/database/client.ts'
import { createLedger, type Ledger } from '@waybill/shared/ledger/ledger.ts'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase, withClient } from '../../setup/database.ts'
import { CALLER, REQUEST } from '../../setup/ledger/audit-trail.ts'

let database: TestDatabase
let db: Database
let ledger: Ledger
beforeEach(async () => {
  database = await createTestDatabase()
  const limits = { connectTimeout: 10_000, queryTimeout: 15_000, idleTimeout: 500 }
  db = createDatabase({ url: database.url, name: 'test-audit', connections: 12, ...limits })
  ledger = createLedger(db)
})
afterEach(async () => {
  await db.$disconnect()
  await database.drop()
})

const WRITERS = 50
const ROUNDS = 8

const INSERT = `INSERT INTO waybill.audit_events (type, actor) SELECT 'export.refused', $1 FROM generate_series(1, $2::int)`

it('fifty concurrent writers with rollbacks leave no gap and no fork', async () => {
  const committed = await Promise.all(
    Array.from({ length: WRITERS }, (_, writer) =>
      withClient(database.url, async (client) => {
        let events = 0
        for (let round = 0; round < ROUNDS; round++) {
          const isKept = (writer + round) % 3 !== 0
          await client.query('BEGIN')
          await client.query(INSERT, [`writer-${writer}`, 1 + (round % 3)])
          await client.query(isKept ? 'COMMIT' : 'ROLLBACK')
          if (isKept) events += 1 + (round % 3)
        }
        return events
      }),
    ),
  )
  const total = committed.reduce((sum, events) => sum + events, 0)
  expect(await verifyTrail(database.url)).toMatchObject({ events: total, head: { id: BigInt(total) }, problems: [] })
})

it('reviving many exports while their callers cancel them causes no deadlock', async () => {
  const ids: string[] = []
  for (let i = 0; i < 40; i++) ids.push((await ledger.create(REQUEST, CALLER, 1_000)).row.id)
  await db.$executeRaw`UPDATE waybill.exports SET status = 'running', heartbeat_at = now() - interval '1 hour'`
  const cancels = ids.toReversed().map((id) => ledger.cancel(id, CALLER))
  const revivals = Array.from({ length: 4 }, () => ledger.reviveLost(1_000, 'reconciler'))
  await Promise.all([...cancels, ...revivals])
  const { problems } = await verifyTrail(database.url)
  // The test started the exports directly in the database, without events. Each was canceled once.
  expect(problems).toEqual([])
  expect(await db.auditEvent.count({ where: { type: 'export.canceled' } })).toBe(ids.length)
})

it('a writer that hangs in its transaction is ended, and other writers continue', async () => {
  const hasWritten = Promise.withResolvers<void>()
  const othersWrote = Promise.withResolvers<void>()
  const still = db.$transaction(
    async (tx) => {
      await recordEvent(tx, { type: 'api-key.created', actor: 'hangs' })
      hasWritten.resolve()
      await othersWrote.promise
    },
    { timeout: 300_000 },
  )
  const cut = expect(still).rejects.toThrow()
  await hasWritten.promise
  await recordEvent(db, { type: 'api-key.created', actor: CALLER })
  othersWrote.resolve()
  await cut
  expect(await db.auditEvent.findMany({ select: { actor: true } })).toEqual([{ actor: CALLER.name }])
})

it('the database sets number, time and hash of an event', async () => {
  await withClient(database.url, (client) =>
    client.query(
      `INSERT INTO waybill.audit_events (id, type, actor, at, previous_hash, hash)
       VALUES (99, 'export.refused', 'forger', '2001-01-01', '\\x00', '\\x00')`,
    ),
  )
  expect(await verifyTrail(database.url)).toMatchObject({ events: 1, head: { id: 1n }, problems: [] })
  const [event] = await db.auditEvent.findMany()
  expect(Date.now() - Number(event?.at)).toBeLessThan(60_000)
})

it('the tables of the trail reject changes', async () => {
  await recordEvent(db, { type: 'api-key.created', actor: CALLER })
  const before = await verifyTrail(database.url)
  for (const sql of [
    `UPDATE waybill.audit_events SET actor = 'nobody'`,
    `UPDATE waybill.audit_events SET actor = 'nobody' WHERE false`,
    'DELETE FROM waybill.audit_events',
    'TRUNCATE waybill.audit_events',
    'UPDATE waybill.audit_head SET id = 7',
    'DELETE FROM waybill.audit_head',
    'TRUNCATE waybill.audit_head',
    `INSERT INTO waybill.audit_head VALUES (9, '')`,
    // For a session that calls itself a replica, ordinary triggers do not fire.
    'SET session_replication_role = replica; DELETE FROM waybill.audit_events',
    // An erasure is the only UPDATE, whatever a session says.
    `SET waybill.erasing = 'on'; UPDATE waybill.audit_events SET actor = 'nobody'`,
    `SET session_replication_role = replica; SET waybill.erasing = 'on'; UPDATE waybill.audit_events SET address = NULL`,
    `SET waybill.erasing = 'on'; DELETE FROM waybill.audit_events`,
  ]) {
    const rewrite = withClient(database.url, (client) => client.query(sql))
    await expect(rewrite, sql).rejects.toThrow(/append-only|moves with an event only/)
  }
  expect(await verifyTrail(database.url)).toEqual(before)
})

it.each([
  [
    'a trigger',
    `CREATE FUNCTION waybill.swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
     CREATE TRIGGER a_swallow BEFORE INSERT ON waybill.audit_events FOR EACH ROW EXECUTE FUNCTION waybill.swallow()`,
  ],
  ['a rule', 'CREATE RULE swallow AS ON INSERT TO waybill.audit_events DO INSTEAD NOTHING'],
])('an event that %s suppresses is an error, and its action does not happen', async (_, sql) => {
  const { id } = (await ledger.create(REQUEST, CALLER, 10)).row
  const before = await verifyTrail(database.url)
  await withClient(database.url, (client) => client.query(sql))
  await expect(recordEvent(db, { type: 'api-key.created', actor: CALLER })).rejects.toThrow()
  await expect(ledger.cancel(id, CALLER)).rejects.toThrow()
  await expect(ledger.create(REQUEST, CALLER, 10)).rejects.toThrow()
  await expect(ledger.recordLink({ type: 'export.downloaded', exportId: id, by: CALLER }, 60_000)).rejects.toThrow()
  expect(await db.export.findMany({ select: { id: true, status: true } })).toEqual([{ id, status: 'queued' }])
  expect(await db.linkUse.count()).toBe(0)
  expect((await verifyTrail(database.url)).head).toEqual(before.head)
})
