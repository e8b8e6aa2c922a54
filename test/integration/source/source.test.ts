// A read of the source has one snapshot: each row exactly once, each value with all digits.
import { boundValue, compileQuery, type TableQuery } from '@waybill/shared/datasets/dataset.ts'
import { users } from '@waybill/shared/datasets/users.ts'
import { explain } from '@waybill/shared/source/estimate.ts'
import { setSession } from '@waybill/shared/source/session.ts'
import { openTable } from '@waybill/shared/source/source.ts'
import type { Cell, ColumnKind } from '@waybill/shared/vocabulary/table.ts'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { withClient } from '../../setup/database.ts'
import { createSource, readOptions, readTable, textQuery, useSource } from '../../setup/source.ts'

const given = useSource()

const run = (sql: string) => withClient(given.url, (client) => client.query(sql))

const usersQuery = (filters: Record<string, unknown> = {}): TableQuery => {
  return compileQuery(users, { filters, columns: ['id', 'externalUserId', 'created_at'], limit: 1_000_000 })
}

const usersNow = () =>
  withClient(given.url, async (client) => {
    const { rows } = await client.query<(string | null)[]>({
      text: `SELECT id::text, "externalUserId", to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
             FROM users ORDER BY created_at NULLS LAST, id`,
      rowMode: 'array',
    })
    return rows
  })

describe('a source that changes while it is read', () => {
  beforeEach(() =>
    run(`TRUNCATE users CASCADE; INSERT INTO users (id, "externalUserId", created_at)
      SELECT gen_random_uuid(), 'user-' || i, timestamptz '2026-01-01Z' + i * interval '1 second'
      FROM generate_series(1, 3000) i`),
  )

  it('gives exactly the rows of the snapshot', async () => {
    const before = await usersNow()
    const rows = await readTable(given.source, usersQuery(), {}, () =>
      run(`DELETE FROM users WHERE created_at > '2026-01-01 00:10Z' AND random() < 0.5;
        UPDATE users SET "externalUserId" = 'changed-' || "externalUserId", created_at = created_at + interval '1 hour';
        INSERT INTO users (id, "externalUserId", created_at)
        SELECT gen_random_uuid(), 'new-' || i, timestamptz '2026-01-01Z' + i * interval '2 second'
        FROM generate_series(1, 1000) i`),
    )
    expect(await usersNow()).not.toEqual(before)
    expect(rows).toEqual(before)
  })

  it('reports the time of the snapshot by the clock of the source', async () => {
    const table = await openTable(given.source, usersQuery(), readOptions())
    try {
      const { rows } = await run('SELECT clock_timestamp() AS now')
      expect(table.snapshotAt.getTime()).toBeLessThanOrEqual(rows[0].now.getTime())
      expect(rows[0].now.getTime() - table.snapshotAt.getTime()).toBeLessThan(5_000)
    } finally {
      await table.close()
    }
  })
})

describe('rows with equal sort keys', () => {
  beforeAll(() =>
    run(`TRUNCATE users CASCADE; INSERT INTO users (id, "externalUserId", created_at)
      SELECT gen_random_uuid(), 'user-' || i,
        CASE WHEN i % 5 = 0 THEN NULL ELSE timestamptz '2026-03-15 12:00:00.123456Z' END
      FROM generate_series(1, 2000) i`),
  )

  it('are each read exactly once', async () => {
    const rows = await readTable(given.source, usersQuery())
    expect(new Set(rows.map(([id]) => id)).size).toBe(2000)
    expect(rows).toEqual(await usersNow())
  })
})

describe('a database with other session defaults', () => {
  it('gives and filters the same instants', async () => {
    const name = new URL(given.url).pathname.slice(1)
    await run(`TRUNCATE users CASCADE; INSERT INTO users (id, "externalUserId", created_at)
      SELECT gen_random_uuid(), 'user-' || i, timestamptz '2026-03-14 20:00:00.000001Z' + i * interval '1 hour'
      FROM generate_series(1, 50) i`)
    const before = await readTable(given.source, usersQuery())
    await run(`ALTER DATABASE ${name} SET TimeZone = 'America/Montevideo';
      ALTER DATABASE ${name} SET DateStyle = 'German, DMY'; ALTER DATABASE ${name} SET extra_float_digits = -10;
      ALTER DATABASE ${name} SET default_transaction_isolation = 'read committed'`)
    const foreign = createSource(given.url)
    try {
      expect(await withClient(given.url, async (c) => (await c.query('SHOW DateStyle')).rows[0])).toEqual({
        DateStyle: 'German, DMY',
      })
      expect(await readTable(foreign, usersQuery())).toEqual(before)
      const day = await readTable(foreign, usersQuery({ dateFrom: '2026-03-15', dateTo: '2026-03-15' }))
      expect(day.map((row) => row[2])).toEqual(before.map((row) => row[2]).filter((at) => at?.startsWith('2026-03-15')))
      expect(day).toHaveLength(24)
      const floats = {
        sql: 'SELECT (0.1::float8 + 0.2)::text AS c0',
        values: [],
        columns: [{ name: 'f', kind: 'float' }],
      } as const
      expect(await readTable(foreign, floats)).toEqual([['0.30000000000000004']])
    } finally {
      await foreign.$disconnect()
      await run(`ALTER DATABASE ${name} RESET ALL`)
    }
  })
})

describe('a row of many cells', () => {
  it.each([1, 98, 99, 100, 199, 500])('of %i columns has each cell in its place, including nulls', async (width) => {
    const cells = Array.from({ length: width }, (_, index) => (index % 7 === 3 ? null : `cell ${index}`))
    const expressions = cells.map((cell, index) => `${cell === null ? 'NULL' : `'${cell}'`}::text AS c${index}`)
    const columns = cells.map((_, index) => ({ name: `c${index}`, kind: 'text' as const }))
    const query = { sql: `SELECT ${expressions.join(', ')} FROM generate_series(1, 2)`, values: [], columns }
    expect(await readTable(given.source, query)).toEqual([cells, cells])
  })
})

describe('the values of a query', () => {
  it('are not in its text, and the planner still uses them for indexes and estimates', async () => {
    await run(`TRUNCATE users CASCADE; INSERT INTO users (id, "externalUserId", created_at)
      SELECT gen_random_uuid(), 'user-' || i, timestamptz '2026-01-01Z' + i * interval '1 minute'
      FROM generate_series(1, 20000) i; CREATE INDEX users_by_time ON users (created_at, id); ANALYZE users`)
    const query = usersQuery({ dateFrom: '2026-01-02', dateTo: '2026-01-02' })
    expect(query.sql).not.toContain('2026')
    await given.source.$transaction(async (tx) => {
      await setSession(tx, query, {})
      const plan = JSON.stringify(await tx.$queryRawUnsafe(`EXPLAIN (FORMAT JSON) ${query.sql}`))
      expect(plan).toContain('users_by_time')
      const { estimatedRows } = await explain(tx, query)
      expect(estimatedRows / 1440).toBeGreaterThan(0.5)
      expect(estimatedRows / 1440).toBeLessThan(2)
    })
    expect(await readTable(given.source, query)).toHaveLength(1440)
    await run('DROP INDEX users_by_time')
  })

  it('are unchanged, whatever characters they have', async () => {
    for (const value of [`'; DROP TABLE users; --`, '\\', `"'$1`, 'é😀', ' ']) {
      const query = { sql: `SELECT ${boundValue(1)}`, values: [value], columns: textQuery('').columns }
      expect(await readTable(given.source, query)).toEqual([[value]])
    }
  })
})

describe('a value keeps every digit', () => {
  it.each<[ColumnKind, string, Cell]>([
    [
      'numeric',
      '123456789012345678901234567890.123456789012345678901234567890',
      '123456789012345678901234567890.123456789012345678901234567890',
    ],
    ['numeric', `'NaN'::numeric`, 'NaN'],
    ['numeric', `'-Infinity'::numeric`, '-Infinity'],
    ['numeric', '1.10::numeric', '1.10'],
    ['numeric', '0.000000000000000000000000000001::numeric', '0.000000000000000000000000000001'],
    ['bigint', '9223372036854775807::int8', '9223372036854775807'],
    ['bigint', '(-9223372036854775808)::int8', '-9223372036854775808'],
    ['integer', '(-2147483648)::int4', '-2147483648'],
    ['float', `'NaN'::float8`, 'NaN'],
    ['float', `'Infinity'::float8`, 'Infinity'],
    ['float', '0.1::float8 + 0.2::float8', '0.30000000000000004'],
    ['float', `'5e-324'::float8`, '5e-324'],
    ['float', '0.1::float4', '0.1'],
    ['float', '-12.5::float8', '-12.5'],
    ['boolean', 'false', 'false'],
    ['text', `''`, ''],
    ['text', 'NULL', null],
    ['text', `E'\\x01\\x7f\\u200b\\U0001F389\\uffff \\r\\n\\t'`, '\x01\x7f\u200b🎉\uffff \r\n\t'],
    ['uuid', `'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'::uuid`, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
    [
      'json',
      `'{"a": 12345678901234567890.12345678901234567890, "b":"\\u00e9"}'::jsonb`,
      '{"a": 12345678901234567890.12345678901234567890, "b": "é"}',
    ],
    ['timestamp', `'2026-05-01 12:00:00.123456+00'::timestamptz`, '2026-05-01T12:00:00.123456Z'],
    ['timestamp', `'2026-05-01 12:00:00.1+00'::timestamptz`, '2026-05-01T12:00:00.100000Z'],
    ['timestamp', `'2026-05-01 14:00:00+02'::timestamptz`, '2026-05-01T12:00:00.000000Z'],
    ['timestamp', `'1890-01-01 00:00:00+00'::timestamptz`, '1890-01-01T00:00:00.000000Z'],
    ['timestamp', `'infinity'::timestamptz`, 'infinity'],
    ['timestamp', `'-infinity'::timestamptz`, '-infinity'],
    ['timestamp', `'10000-01-01 00:00:00.000001+00'::timestamptz`, '10000-01-01T00:00:00.000001Z'],
    ['timestamp', `'0044-03-15 12:00:00+00 BC'::timestamptz`, '-0043-03-15T12:00:00.000000Z'],
    ['timestamp', `'0001-12-31 23:59:59.5+00 BC'::timestamptz`, '0000-12-31T23:59:59.500000Z'],
    ['timestamp', `'2026-05-01 12:00:00.000001'::timestamp`, '2026-05-01T12:00:00.000001Z'],
    ['date', `'2026-05-01'::date`, '2026-05-01'],
    ['date', `'0044-03-15 BC'::date`, '-0043-03-15'],
    ['date', `'10000-01-01'::date`, '10000-01-01'],
    ['date', `'infinity'::date`, 'infinity'],
  ])('%s %s', async (kind, sql, cell) => {
    const query: TableQuery = { sql: `SELECT (${sql})::text AS c0`, values: [], columns: [{ name: 'cell', kind }] }
    expect(await readTable(given.source, query)).toEqual([[cell]])
  })
})

it('reads an empty table, and a table of exactly the limit, to the end', async () => {
  for (const rows of [0, 1, 99, 100, 101, 20_000]) {
    const sql = `SELECT i::text AS c0 FROM generate_series(1, ${rows}) i`
    const read = await readTable(given.source, { sql, values: [], columns: [{ name: 'i', kind: 'integer' }] })
    expect(read.map(([i]) => Number(i))).toEqual(Array.from({ length: rows }, (_, i) => i + 1))
  }
})
