// A change of the trail that gets past the triggers is detected, wherever it is.
import { type Head, parseHead } from '@waybill/shared/audit/chain.ts'
import { eraseEvents } from '@waybill/shared/audit/erase.ts'
import { verifyTrail } from '@waybill/shared/audit/verify.ts'
import { createDatabase, type Database } from '@waybill/shared/database/client.ts'
import { createLedger } from '@waybill/shared/ledger/ledger.ts'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase, withClient } from '../../setup/database.ts'
import { rehash, rehashFrom, tamper, writeTrail } from '../../setup/ledger/audit-trail.ts'

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
       ${rehash(4)}`,
    )
    expect((await verify()).problems).toEqual(['event 5 does not follow event 4: one of the two was replaced'])
  })

  it('is detected in the last event with a recomputed hash', async () => {
    await tamper(
      database.url,
      `UPDATE waybill.audit_events SET actor = 'nobody' WHERE id = ${LAST};
       ${rehash(LAST)}`,
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
      `INSERT INTO waybill.audit_events (id, type, actor, at, salt, previous_hash, hash)
         SELECT id + 1, 'export.refused', 'mallory', now(), '\\x01', hash, hash FROM waybill.audit_head;
       ${rehash(LAST + 1)}`,
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

describe('an object of the database that does not belong to the trail', () => {
  const SWALLOW = `CREATE FUNCTION public.swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'`

  it.each([
    [
      'another trigger',
      `${SWALLOW}; CREATE TRIGGER zz_swallow BEFORE INSERT ON waybill.audit_events FOR EACH ROW
       WHEN (NEW.actor = 'mallory') EXECUTE FUNCTION public.swallow()`,
      'DROP FUNCTION public.swallow() CASCADE',
      'the trigger zz_swallow on audit_events was added: Waybill has none of this name',
    ],
    [
      'a trigger of the same name that calls another function',
      `${SWALLOW}; DROP TRIGGER audit_head_guard ON waybill.audit_head;
       CREATE TRIGGER audit_head_guard BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON waybill.audit_head
       FOR EACH STATEMENT EXECUTE FUNCTION public.swallow()`,
      `DROP FUNCTION public.swallow() CASCADE;
       CREATE TRIGGER audit_head_guard BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON waybill.audit_head
       FOR EACH STATEMENT EXECUTE FUNCTION waybill.guard_head()`,
      'the trigger audit_head_guard was changed',
    ],
    [
      'a rule',
      `CREATE RULE quiet AS ON INSERT TO waybill.audit_events WHERE NEW.actor = 'mallory' DO INSTEAD NOTHING`,
      'DROP RULE quiet ON waybill.audit_events',
      'the rule quiet on audit_events was added: Waybill has no rules',
    ],
    [
      'row security',
      'ALTER TABLE waybill.audit_events ENABLE ROW LEVEL SECURITY',
      'ALTER TABLE waybill.audit_events DISABLE ROW LEVEL SECURITY',
      'row security of audit_events was switched on',
    ],
    [
      'another body of a function',
      `CREATE TABLE kept.body AS SELECT pg_get_functiondef('waybill.guard_head'::regproc) AS sql;
       CREATE OR REPLACE FUNCTION waybill.guard_head() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'`,
      `DO $$ BEGIN EXECUTE (SELECT sql FROM kept.body); END $$; DROP TABLE kept.body`,
      'the function guard_head was changed',
    ],
    [
      'other rights of a function',
      'ALTER FUNCTION waybill.chain_event() SECURITY INVOKER',
      'ALTER FUNCTION waybill.chain_event() SECURITY DEFINER',
      'the function chain_event was changed',
    ],
  ])('is reported: %s', async (_, add, remove, said) => {
    await query(add)
    try {
      expect((await verify()).problems).toEqual([said])
    } finally {
      await query(remove)
    }
    expect((await verify()).problems).toEqual([])
  })
})

describe('an erasure of personal data', () => {
  const erase = (selection: Parameters<typeof eraseEvents>[1], dryRun = false) =>
    eraseEvents(database.url, selection, { by: 'operator:test', reason: 'ticket 7', dryRun })
  const events = async (which: string) =>
    (await query(`SELECT * FROM waybill.audit_events WHERE ${which} ORDER BY id`)).rows

  it('leaves the chain intact, and is itself an event', async () => {
    const mine = await events(`actor_id = 'key:1'`)
    expect(mine.length).toBeGreaterThan(4)
    expect(await erase({ actor: 'key:1' }, true)).toEqual({ events: mine.length, undigested: 0 })
    expect(await events(`actor_id = 'key:1'`)).toHaveLength(mine.length)

    expect(await erase({ actor: 'key:1' })).toEqual({ events: mine.length, undigested: 0 })
    expect(JSON.stringify(await events('true'))).not.toMatch(/key:1|wb_caller|203\.0\.113\.7|curl/)
    const blank = { actor: 'erased', actor_id: null, address: null, user_agent: null, data: {}, salt: null }
    const [recorded] = (await events(`id > ${LAST}`)).map(({ type, actor, data }) => ({ type, actor, data }))
    const ranges: [number, number][] = recorded?.data.events
    expect(recorded).toMatchObject({ type: 'audit.erased', actor: 'operator:test', data: { reason: 'ticket 7' } })
    const named = ranges.flatMap(([first, last]) =>
      Array.from({ length: last - first + 1 }, (_, i) => String(first + i)),
    )
    expect(named).toEqual(mine.map(({ id }) => id))
    for (const event of await events(`id IN (${named})`)) expect(event).toMatchObject(blank)
    expect(await verify([noted])).toMatchObject({ events: LAST + 1, problems: [] })

    // Again: there is nothing left, and the record of the erasure stays.
    expect(await erase({ actor: 'key:1' })).toEqual({ events: 0, undigested: 0 })
    expect(await erase({ events: [[1n, 99n]] })).toMatchObject({ events: LAST - mine.length })
    expect((await events(`type = 'audit.erased'`)).map(({ actor }) => actor)).toEqual([
      'operator:test',
      'operator:test',
    ])
    expect((await verify([noted])).problems).toEqual([])
  })

  it('takes the events before a time, and those of a range, only', async () => {
    expect(await erase({ actor: 'key:1', before: new Date(0) })).toEqual({ events: 0, undigested: 0 })
    expect(
      await erase({
        events: [
          [2n, 3n],
          [7n, 7n],
        ],
      }),
    ).toEqual({ events: 3, undigested: 0 })
    expect((await events('salt IS NULL')).map(({ id }) => id)).toEqual(['2', '3', '7'])
    expect((await verify()).problems).toEqual([])
  })

  it('without an event that records it is reported', async () => {
    await query(`SET waybill.erasing = 'on'; UPDATE waybill.audit_events SET salt = NULL, actor = 'erased', actor_id = NULL,
      address = NULL, user_agent = NULL, data = '{}' WHERE id = 7`)
    expect((await verify()).problems).toEqual(['event 7 was erased, and no event records it'])
  })

  it('cannot hide a change of the fields', async () => {
    await erase({ events: [[7n, 7n]] })
    await tamper(database.url, `UPDATE waybill.audit_events SET data = '{"a": 1}' WHERE id = 7`)
    expect((await verify()).problems).toEqual(['event 7 was changed'])
  })

  it('reports events of the first form, whose hash covers the data, and leaves them', async () => {
    await tamper(
      database.url,
      `UPDATE waybill.audit_events SET salt = NULL, digest = NULL WHERE id <= 3; ${rehashFrom(1)}`,
    )
    expect((await verify()).problems, 'both forms are verified').toEqual([])
    expect(await erase({ events: [[1n, 4n]] })).toEqual({ events: 1, undigested: 3 })
    expect((await verify()).problems).toEqual([])
  })
})

it('an event of the first form after those of the second is reported', async () => {
  await tamper(
    database.url,
    `UPDATE waybill.audit_events SET salt = NULL, digest = NULL WHERE id = 5; ${rehashFrom(1)}`,
  )
  expect((await verify()).problems).toEqual(['event 5 has the form of an older version, after events of this one'])
})

it.each([
  ['audit_events', 'audit_events_append_only'],
  ['audit_events', 'audit_events_erasure'],
  ['audit_events', 'audit_events_chain'],
  ['audit_head', 'audit_head_guard'],
])('a disabled trigger is reported: %s, %s', async (table, trigger) => {
  await query(`ALTER TABLE waybill.${table} DISABLE TRIGGER ${trigger}`)
  expect((await verify()).problems).toEqual([`the trigger ${trigger} is disabled`])
})
