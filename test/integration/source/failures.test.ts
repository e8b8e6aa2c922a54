// Reads that fail or are aborted: they stop at once, also on the server, and never look complete.
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { readRows } from '@waybill/shared/formats/rows.ts'
import { openTable, type ReadOptions } from '@waybill/shared/source/source.ts'
import pg from 'pg'
import { afterEach, describe, expect, it } from 'vitest'
import { withClient } from '../../setup/database.ts'
import {
  busySessions,
  createSource,
  idleAfter,
  readOptions,
  readTable,
  textQuery,
  untilActive,
  useSource,
} from '../../setup/source.ts'

const given = useSource()
afterEach(async () => {
  expect(await idleAfter(given.url), 'no query and no transaction is left').toBeLessThan(40_000)
  await given.source.$queryRaw`SELECT 1`
})

/** Sends rows slowly, for many minutes. */
const SLOW_ROWS = textQuery(`SELECT i::text AS c0 FROM generate_series(1, 100000) i, LATERAL pg_sleep(0.01 + 0 * i) s`)
const SLOW_SORT = textQuery(
  `SELECT md5(i::text) AS c0 FROM generate_series(1, 200000000) i ORDER BY md5(i::text || 'x'), i`,
)
const MANY_ROWS = textQuery(`SELECT i::text AS c0 FROM generate_series(1, 100000) i`)
/** 100 MB: more than the buffers between server and client hold. */
const MUCH_TEXT = textQuery(`SELECT repeat('x', 1000) || i AS c0 FROM generate_series(1, 100000) i`)

async function drain(query: typeof MANY_ROWS, options: Partial<ReadOptions> = {}): Promise<number> {
  return (await readTable(given.source, query, options)).length
}

describe('an export that is aborted', () => {
  it.each([
    ['in the middle of a sort', SLOW_SORT],
    ['while rows arrive', SLOW_ROWS],
  ])('%s stops the query on the server', async (_, query) => {
    const aborting = new AbortController()
    const reason = new Error('aborted by the test')
    const reading = drain(query, { signal: aborting.signal })
    const outcome = expect(reading).rejects.toBe(reason)
    await untilActive(given.url)
    aborting.abort(reason)
    await outcome
    expect(await idleAfter(given.url)).toBeLessThan(40_000)
  })

  it('does not wait for a lock on its table', async () => {
    const locker = new pg.Client({ connectionString: given.url })
    await locker.connect()
    try {
      await locker.query('BEGIN; LOCK TABLE users')
      const aborting = new AbortController()
      const reading = drain(textQuery('SELECT id::text AS c0 FROM users'), { signal: aborting.signal })
      const outcome = expect(reading).rejects.toThrow('enough')
      await untilActive(given.url)
      aborting.abort(new Error('enough'))
      await outcome
      expect(await idleAfter(given.url)).toBeLessThan(40_000)
    } finally {
      await locker.end()
    }
  })

  it('releases its connection: before the start, between two chunks, and when the reader stops early', async () => {
    const twoConnections = createSource(given.url, 2)
    try {
      for (let i = 0; i < 5; i++) {
        await expect(
          readTable(twoConnections, MANY_ROWS, { signal: AbortSignal.abort(new Error('never')) }),
        ).rejects.toThrow('never')
        const aborting = new AbortController()
        const between = readTable(twoConnections, MANY_ROWS, { signal: aborting.signal }, async () =>
          aborting.abort(new Error('between')),
        )
        await expect(between).rejects.toThrow('between')
        const table = await openTable(twoConnections, MANY_ROWS, readOptions())
        for await (const _ of table.chunks) break
        await table.close()
      }
      expect(await readTable(twoConnections, MANY_ROWS)).toHaveLength(100_000)
    } finally {
      await twoConnections.$disconnect()
    }
  })
})

describe('a reader that pauses', () => {
  it('stops the server after the buffers are full', async () => {
    const table = await openTable(given.source, MUCH_TEXT, readOptions())
    try {
      for await (const _ of table.chunks) {
        await sleep(1_000)
        const [session] = await busySessions(given.url)
        expect(session).toMatchObject({ state: 'active', waitEvent: 'ClientWrite' })
        break
      }
    } finally {
      await table.close()
    }
  })

  it('loses the snapshot after the time limit, and the server closes it', async () => {
    const table = await openTable(given.source, MUCH_TEXT, readOptions({ idleTimeout: 500 }))
    const reading = async () => {
      for await (const _ of table.chunks) await idleAfter(given.url)
    }
    await expect(reading()).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE' })
    await table.close()
  })

  it('gets each row once when it continues', async () => {
    const rows = await readTable(given.source, MUCH_TEXT, {}, () => sleep(500))
    expect(new Set(rows.map(([cell]) => cell)).size).toBe(100_000)
  })
})

describe('a limit of rows', () => {
  it.each([
    [0, 0, false],
    [0, 1, true],
    [5, 5, false],
    [5, 6, true],
    [5, 100_000, true],
  ])('of %i is applied to %i rows', async (maxRows, existing, truncated) => {
    const query = textQuery(`SELECT i::text AS c0 FROM generate_series(1, ${existing}) i`)
    const table = await openTable(given.source, query, readOptions({ maxRows }))
    const rows = await readRows(query.columns, table.chunks)
    await table.close()
    expect(rows).toHaveLength(Math.min(maxRows, existing))
    expect([table.rowCount(), table.isTruncated()]).toEqual([rows.length, truncated])
  })
})

describe('a source that fails', () => {
  it('is unavailable when the connection is lost during the read, and never a short file', async () => {
    let read = 0
    const reading = (async () => {
      const table = await openTable(given.source, SLOW_ROWS, readOptions())
      try {
        for await (const _ of table.chunks) read = table.rowCount()
      } finally {
        await table.close()
      }
    })()
    const outcome = expect(reading).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE' })
    const { pid } = await untilActive(given.url)
    await withClient(given.url, (client) => client.query('SELECT pg_terminate_backend($1)', [pid]))
    await outcome
    expect(read).toBeLessThan(100_000)
  })

  it('is unavailable when the connection is lost between two chunks', async () => {
    const kill = async () => {
      for (const { pid } of await busySessions(given.url)) {
        await withClient(given.url, (client) => client.query('SELECT pg_terminate_backend($1)', [pid]))
      }
    }
    const reading = readTable(given.source, MUCH_TEXT, {}, kill)
    await expect(reading).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE' })
  })

  it('times out when it sends nothing for too long', async () => {
    await expect(drain(SLOW_SORT, { statementTimeout: 300 })).rejects.toMatchObject({ code: 'SOURCE_TIMEOUT' })
  })

  it('does not time out while rows arrive slowly', async () => {
    const slow = textQuery(
      `SELECT repeat('x', 9000) || i AS c0 FROM generate_series(1, 10) i, LATERAL pg_sleep(0.1 + 0 * i) s`,
    )
    expect(await drain(slow, { statementTimeout: 600 })).toBe(10)
  })

  it('is unavailable after a conflict with recovery on a replica, so the attempt is retried', async () => {
    await withClient(given.url, (client) =>
      client.query(`CREATE OR REPLACE FUNCTION conflicts(i int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN
        IF i = 500 THEN RAISE EXCEPTION 'canceling statement due to conflict with recovery' USING ERRCODE = '40001'; END IF;
        RETURN i; END $$`),
    )
    const conflict = textQuery('SELECT conflicts(i)::text AS c0 FROM generate_series(1, 1000) i')
    await expect(drain(conflict)).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE' })
  })

  it('runs neither statement of a query with two', async () => {
    const two = textQuery(`SELECT '1' AS c0) TO STDOUT; SELECT ('2'`)
    await expect(drain(two)).rejects.toMatchObject({ code: 'SOURCE_QUERY_FAILED' })
  })

  it('reports the error of a row that cannot be computed', async () => {
    const failsLate = textQuery(`SELECT (1 / (500 - i))::text AS c0 FROM generate_series(1, 1000) i`)
    await expect(drain(failsLate)).rejects.toMatchObject({ code: 'SOURCE_QUERY_FAILED', message: /division by zero/ })
  })

  it.each([
    ['a table', 'SELECT id::text AS c0 FROM no_such_table', 'no_such_table'],
    ['a column', 'SELECT no_such_column::text AS c0 FROM users', 'no_such_column'],
    ['a schema', 'SELECT id::text AS c0 FROM no_such_schema.users', 'no_such_schema'],
  ])('because %s is missing reports its name', async (_, sql, name) => {
    await expect(drain(textQuery(sql))).rejects.toMatchObject({
      code: 'SOURCE_TABLE_MISSING',
      message: expect.stringContaining(name),
    })
  })

  it('reports refused access to the table or to the database', async () => {
    const role = `reader_${randomBytes(4).toString('hex')}`
    const url = new URL(given.url)
    url.username = role
    url.password = 'secret-of-the-role'
    await withClient(given.url, (client) => client.query(`CREATE ROLE ${role} LOGIN PASSWORD '${url.password}'`))
    const reader = createSource(url.href)
    url.password = 'wrong'
    const rejected = createSource(url.href)
    try {
      const query = textQuery('SELECT id::text AS c0 FROM users')
      await expect(readTable(reader, query)).rejects.toMatchObject({ code: 'SOURCE_ACCESS_DENIED', message: /users/ })
      await expect(readTable(rejected, query)).rejects.toMatchObject({
        code: 'SOURCE_ACCESS_DENIED',
        message: expect.not.stringContaining('wrong'),
      })
    } finally {
      await reader.$disconnect()
      await rejected.$disconnect()
      await withClient(given.url, (client) => client.query(`DROP ROLE ${role}`))
    }
  })

  it('is unavailable when it does not answer', async () => {
    const unreachable = createSource('postgres://a:b@127.0.0.1:1/none')
    await expect(readTable(unreachable, MANY_ROWS)).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE' })
    await unreachable.$disconnect()
  })
})

describe('a dataset that writes', () => {
  it.each([
    ['by a function', `SELECT write_something()::text AS c0`],
    ['by a sequence', `SELECT nextval('a_sequence')::text AS c0`],
    ['by locking rows', `SELECT id::text AS c0 FROM users FOR UPDATE`],
    ['after it disables the read-only mode', `SELECT set_config('transaction_read_only', 'off', true) AS c0`],
  ])('%s is refused by the database', async (_, sql) => {
    await withClient(given.url, (client) =>
      client.query(`CREATE SEQUENCE IF NOT EXISTS a_sequence; CREATE OR REPLACE FUNCTION write_something() RETURNS int
        LANGUAGE sql AS $$ INSERT INTO users (id) VALUES (gen_random_uuid()) RETURNING 1 $$`),
    )
    await expect(drain(textQuery(sql))).rejects.toMatchObject({ code: 'SOURCE_QUERY_FAILED' })
    const { rows } = await withClient(given.url, (client) => client.query('SELECT count(*)::int AS n FROM users'))
    expect(rows).toEqual([{ n: 0 }])
  })
})
