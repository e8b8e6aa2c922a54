// A change of the trail that gets past the triggers is detected, wherever it is.
import { type Head, parseHead } from '@waybill/shared/audit/chain.ts'
import { verifyTrail } from '@waybill/shared/audit/verify.ts'
import { createDatabase, type Database } from '@waybill/shared/database/client.ts'
import { createLedger } from '@waybill/shared/ledger/ledger.ts'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase, withClient } from '../../setup/database.ts'
import { rehashFrom, tamper, writeTrail } from '../../setup/ledger/audit-trail.ts'

let database: TestDatabase
let db: Database
let noted: Head
beforeAll(async () => {
  database = await createTestDatabase()
  db = createDatabase({
    url: database.url,
    name: 'test-audit',
    connections: 3,
    connectTimeout: 5_000,
    queryTimeout: 15_000,
  })
  await writeTrail(db, createLedger(db))
  await query(`CREATE SCHEMA kept; CREATE TABLE kept.events AS SELECT * FROM waybill.audit_events;
    CREATE TABLE kept.head AS SELECT * FROM waybill.audit_head`)
  noted = (await verifyTrail(database.url)).head
})
afterAll(async () => {
  await db.$disconnect()
  await database.drop()
})
/** Restores the trail. */
afterEach(() =>
  tamper(
    database.url,
    `TRUNCATE waybill.audit_events, waybill.audit_head; INSERT INTO waybill.audit_events SELECT * FROM kept.events;
     INSERT INTO waybill.audit_head SELECT * FROM kept.head`,
  ),
)

const query = (sql: string) => withClient(database.url, (client) => client.query(sql))
const verify = (heads: readonly Head[] = []) => verifyTrail(database.url, { noted: heads })
const LAST = 13

it('an unchanged trail is intact, and its head is the stored one', async () => {
  expect(await verify([noted])).toEqual({ events: LAST, head: noted, problems: [], problemCount: 0 })
  const { rows } = await query(`SELECT id || ':' || encode(hash, 'hex') AS head FROM waybill.audit_head`)
  expect(parseHead(rows[0].head)).toEqual(noted)
})

/** Another value of the same type. */
const OTHER: Readonly<Record<string, (column: string) => string>> = {
  bigint: () => '700',
  integer: (column) => `coalesce(${column}, 0) + 1`,
  text: (column) => `coalesce(${column} || 'x', '')`,
  uuid: () => '(SELECT id FROM waybill.exports ORDER BY id DESC LIMIT 1)',
  jsonb: (column) => `${column} || '{"more": 1}'`,
  'timestamp with time zone': (column) => `${column} + interval '1 microsecond'`,
  bytea: (column) => `set_byte(${column}, 31, get_byte(${column}, 31) # 1)`,
}

describe('a change of one event', () => {
  it('is detected in every column', async () => {
    const { rows } = await query(`SELECT attname AS name, format_type(atttypid, NULL) AS type FROM pg_attribute
      WHERE attrelid = 'waybill.audit_events'::regclass AND attnum > 0 AND NOT attisdropped`)
    expect(rows.length).toBeGreaterThan(10)
    for (const { name, type } of rows) {
      // Event 6 has no export. Event 7 is a download: all fields except the attempt are set.
      for (const id of [6, 7]) {
        await tamper(database.url, `UPDATE waybill.audit_events SET ${name} = ${OTHER[type]?.(name)} WHERE id = ${id}`)
        const { problems } = await verify()
        const problem = name === 'id' ? 'event 700 was changed' : `event ${id} was changed`
        expect(problems, `${name} of event ${id}`).toContain(problem)
        await tamper(
          database.url,
          `DELETE FROM waybill.audit_events WHERE id IN (${id}, 700);
           INSERT INTO waybill.audit_events SELECT * FROM kept.events WHERE id = ${id}`,
        )
      }
    }
  })

  it('is reported at its event only', async () => {
    await tamper(database.url, `UPDATE waybill.audit_events SET actor = 'nobody' WHERE id = 4`)
    expect((await verify()).problems).toEqual(['event 4 was changed'])
  })

  it('is detected when its hash was recomputed', async () => {
    await tamper(
      database.url,
      `UPDATE waybill.audit_events SET actor = 'nobody' WHERE id = 4;
       UPDATE waybill.audit_events e SET hash = waybill.audit_hash(e) WHERE id = 4`,
    )
    expect((await verify()).problems).toEqual(['event 5 does not follow event 4: one of the two was replaced'])
  })

  it('is detected in the last event with a recomputed hash', async () => {
    await tamper(
      database.url,
      `UPDATE waybill.audit_events SET actor = 'nobody' WHERE id = ${LAST};
       UPDATE waybill.audit_events e SET hash = waybill.audit_hash(e) WHERE id = ${LAST}`,
    )
    expect((await verify()).problems).toEqual([`event ${LAST}, the last, differs from the one in the head`])
  })

  it('from NULL to an empty text is detected', async () => {
    await tamper(database.url, `UPDATE waybill.audit_events SET user_agent = '' WHERE id = 2`)
    expect((await verify()).problems).toEqual(['event 2 was changed'])
  })
})

describe('a removal', () => {
  it.each([
    ['of the first', 'id = 1', 'events are missing between 0 and 2'],
    ['in the middle', 'id = 6', 'events are missing between 5 and 7'],
    ['of several', 'id BETWEEN 11 AND 12', 'events are missing between 10 and 13'],
    ['of the last', `id = ${LAST}`, `events are missing at the end: the last is 12, the head ${LAST}`],
    ['of the tail', 'id > 10', `events are missing at the end: the last is 10, the head ${LAST}`],
    ['of everything', 'true', `events are missing at the end: the last is 0, the head ${LAST}`],
  ])('%s is detected', async (_, which, problem) => {
    await tamper(database.url, `DELETE FROM waybill.audit_events WHERE ${which}`)
    expect((await verify()).problems).toContain(problem)
  })

  it('of the head is detected', async () => {
    await tamper(database.url, 'DELETE FROM waybill.audit_head')
    expect((await verify()).problems).toEqual(['the head of the trail was removed'])
  })

  it('of the tail, with the head set back, contradicts the exports', async () => {
    await tamper(database.url, `DELETE FROM waybill.audit_events WHERE id >= 9; ${rehashFrom(8)}`)
    const { problems } = await verify()
    expect(problems).toHaveLength(2)
    expect(problems[0]).toMatch(/^export \S+ is (canceled|expired), its last event is export\.(requested|completed)$/)
  })

  it('of all events, with a new first one, contradicts the exports', async () => {
    await tamper(database.url, `DELETE FROM waybill.audit_events; ${rehashFrom(1)}`)
    expect((await verify()).problems).toEqual(Array(2).fill(expect.stringMatching(/its last event is none$/)))
  })
})

describe('a rearrangement', () => {
  it('of two events is detected', async () => {
    await tamper(
      database.url,
      `UPDATE waybill.audit_events SET id = 700 WHERE id = 11; UPDATE waybill.audit_events SET id = 11 WHERE id = 12;
       UPDATE waybill.audit_events SET id = 12 WHERE id = 700`,
    )
    expect((await verify()).problems).toEqual(expect.arrayContaining(['event 11 was changed', 'event 12 was changed']))
  })

  it('that adds an event without the trigger is detected', async () => {
    await tamper(
      database.url,
      `INSERT INTO waybill.audit_events (id, type, actor, at, previous_hash, hash)
         SELECT id + 1, 'export.refused', 'mallory', now(), hash, hash FROM waybill.audit_head;
       UPDATE waybill.audit_events e SET hash = waybill.audit_hash(e) WHERE type = 'export.refused'`,
    )
    expect((await verify()).problems).toEqual([`events after ${LAST} were not written by the trigger of the database`])
  })

  it('that is consistent inside the database is detected by a noted head', async () => {
    await tamper(database.url, `DELETE FROM waybill.audit_events WHERE id = 6; ${rehashFrom(6)}`)
    expect((await verify()).problems, 'nothing in the database tells').toEqual([])
    expect((await verify([noted])).problems).toEqual([`event ${LAST}, whose hash was recorded, is missing`])
    const middle = await query(`SELECT id, encode(hash, 'hex') AS hash FROM kept.events WHERE id IN (5, 8) ORDER BY id`)
    const heads = middle.rows.map(({ id, hash }) => ({ id: BigInt(id), hash }))
    expect((await verify(heads)).problems).toEqual([
      `event 8 differs from the one whose hash was recorded: ${heads[1]?.hash}`,
    ])
  })
})

it.each([
  ['audit_events', 'audit_events_append_only'],
  ['audit_events', 'audit_events_chain'],
  ['audit_head', 'audit_head_guard'],
])('a disabled trigger is reported: %s, %s', async (table, trigger) => {
  await query(`ALTER TABLE waybill.${table} DISABLE TRIGGER ${trigger}`)
  expect((await verify()).problems).toEqual([`the trigger ${trigger} is disabled`])
})
