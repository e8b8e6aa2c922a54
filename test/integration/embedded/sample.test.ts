// The generated sample: complete or absent, always the same, and with the values that often break exports.
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadSample } from '../../../apps/standalone/src/sample.ts'
import { createTestDatabase, type TestDatabase, withClient } from '../../setup/database.ts'

const ROWS = 4000
const TABLES = [
  'apikey',
  'oauthusers',
  'users',
  'games',
  'tasks',
  'userpoints',
  'useractions',
  'wallet',
  'wallettransactions',
]
let database: TestDatabase

beforeAll(async () => {
  database = await createTestDatabase()
  await loadSample(database.url, { rows: ROWS })
})

afterAll(() => database.drop())

async function rowsOf<T extends object>(sql: string, url = database.url): Promise<T[]> {
  return withClient(url, async (client) => (await client.query<T>(sql)).rows)
}

const count = async (from: string, url?: string): Promise<number> =>
  Number((await rowsOf<{ n: string }>(`SELECT count(*) AS n FROM ${from}`, url))[0]?.n)

/** Changes with every value of every row. */
async function checksum(url: string): Promise<string[]> {
  const sums = TABLES.map((table) => `(SELECT md5(string_agg(t::text, '|' ORDER BY id)) FROM ${table} t) AS ${table}`)
  return Object.values((await rowsOf<Record<string, string>>(`SELECT ${sums.join(', ')}`, url))[0] ?? {})
}

test('every table has the expected number of rows', async () => {
  const counts = await Promise.all(TABLES.map((table) => count(table)))
  expect(Object.fromEntries(TABLES.map((table, i) => [table, counts[i]]))).toEqual({
    apikey: 5,
    oauthusers: 5,
    games: 20,
    tasks: 200,
    users: 410,
    userpoints: ROWS,
    useractions: 801,
    wallet: 410,
    wallettransactions: 1001,
  })
})

test('the same number of rows gives the same rows, and loading again changes nothing', async () => {
  const other = await createTestDatabase()
  await loadSample(other.url, { rows: ROWS })
  const sums = await checksum(other.url)
  expect(sums).toEqual(await checksum(database.url))
  await loadSample(other.url, { rows: ROWS * 2 })
  expect(await checksum(other.url)).toEqual(sums)
  await other.drop()
})

test('every reference is valid, although the foreign keys are not checked during the load', async () => {
  const broken = await rowsOf<{ name: string; orphans: number }>(`
    SELECT conname AS name, (xpath('/row/n/text()', query_to_xml(format(
             'SELECT count(*) AS n FROM %s t WHERE %I IS NOT NULL AND NOT EXISTS (SELECT FROM %s p WHERE p.%I = t.%I)',
             conrelid::regclass, c.attname, confrelid::regclass, p.attname, c.attname), false, true, '')))[1]::text::int AS orphans
      FROM pg_constraint
      JOIN pg_attribute c ON c.attrelid = conrelid AND c.attnum = conkey[1]
      JOIN pg_attribute p ON p.attrelid = confrelid AND p.attnum = confkey[1]
     WHERE contype = 'f' AND conrelid::regclass::text = ANY ('{${TABLES.join(',')}}')`)
  expect(broken.length).toBeGreaterThan(15)
  expect(broken.filter(({ orphans }) => orphans !== 0)).toEqual([])
})

test('the largest table has its keys, its indexes and statistics for the estimate', async () => {
  const indexes = await rowsOf<{ indexname: string }>(`SELECT indexname FROM pg_indexes WHERE tablename = 'userpoints'`)
  expect(indexes.map(({ indexname }) => indexname).sort()).toEqual([
    'ix_user_points_task_user_created',
    'uq_user_points_user_task_idempotency',
    'userpoints_pkey',
  ])
  expect(await rowsOf(`SELECT reltuples::int AS n FROM pg_class WHERE relname = 'userpoints'`)).toEqual([{ n: ROWS }])
})

test('a load that is killed leaves nothing, and the next one works', async () => {
  const other = await createTestDatabase()
  const loading = loadSample(other.url, { rows: 300_000 }).then(
    () => 'loaded',
    () => 'killed',
  )
  const kill = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                 WHERE application_name = 'waybill-sample' AND datname = current_database() AND state = 'active' AND query LIKE '%pg_temp.dice%' AND query_start < clock_timestamp() - interval '0.2 s'`
  while ((await rowsOf(kill, other.url)).length === 0) await sleep(20)
  expect(await loading).toBe('killed')
  expect(await count('users', other.url)).toBe(0)
  await loadSample(other.url, { rows: 100 })
  expect(await count('userpoints', other.url)).toBe(100)
  await other.drop()
})

test('two loads at the same time make one sample', async () => {
  const other = await createTestDatabase()
  await Promise.all([loadSample(other.url, { rows: 200 }), loadSample(other.url, { rows: 200 })])
  expect(await count('userpoints', other.url)).toBe(200)
  await other.drop()
})

describe('the rows include', () => {
  const TEXT = `(SELECT description AS t FROM userpoints UNION ALL SELECT "caseName" FROM userpoints
    UNION ALL SELECT description FROM useractions UNION ALL SELECT "typeAction" FROM useractions
    UNION ALL SELECT "transactionType" FROM wallettransactions UNION ALL SELECT "externalUserId" FROM users) texts`
  const texts = {
    quotes: `t LIKE '%"%'`,
    commas: `t LIKE '%,%'`,
    semicolons: `t LIKE '%;%'`,
    tabs: `t LIKE '%' || chr(9) || '%'`,
    'LF alone': `t ~ '[^\\r]\\n'`,
    CRLF: `t ~ '\\r\\n'`,
    'CR alone': `t ~ '\\r[^\\n]'`,
    emoji: `t LIKE '%🎉%'`,
    'right-to-left text': `t LIKE '%مرحبا%'`,
    'a formula with =': `t = '=SUM(A1:A9)'`,
    'a formula with +': `t = '+1'`,
    'a formula with -': `t = '-1'`,
    'a formula with @': `t = '@x'`,
    'a command in a formula': `t LIKE '=cmd|%'`,
    'a full-width formula': `t = '＝1+1'`,
    'a formula after a tab': `t ~ '^\\t='`,
    'control characters': `t LIKE '%' || chr(1) || '%'`,
    'U+FFFF': `t LIKE '%' || chr(65535) || '%'`,
    "XLSX's own escapes": `t LIKE '\\_x0041\\_%'`,
    'a byte order mark': `t ~ '^\\uFEFF'`,
    'text of more than 40,000 characters': 'length(t) > 40000',
    'empty text': `t = ''`,
    'no text': 't IS NULL',
  }
  test.each(Object.entries(texts))('text with %s', async (_, where) => {
    expect(await count(`${TEXT} WHERE ${where}`)).toBeGreaterThan(0)
  })

  const values = {
    'numbers of 30 digits in JSON': `userpoints WHERE data::text LIKE '%123456789012345678901234567890%'`,
    'nested JSON': `userpoints WHERE data #>> '{nested,list,3,three}' IS NOT NULL`,
    'JSON null': `userpoints WHERE data = 'null'`,
    'no JSON': 'userpoints WHERE data IS NULL',
    'JSON that is no object': `userpoints WHERE jsonb_typeof(data) = 'string'`,
    'no created_at': 'userpoints WHERE created_at IS NULL',
    'a created_at of a whole second': `userpoints WHERE created_at = date_trunc('second', created_at)`,
    'zero points': 'userpoints WHERE points = 0',
    'negative points': 'userpoints WHERE points < 0',
    'the largest points': 'userpoints WHERE points = 2147483647',
    'no points': 'userpoints WHERE points IS NULL',
    'an empty idempotency key': `userpoints WHERE "idempotencyKey" = ''`,
    'no idempotency key': `userpoints WHERE "idempotencyKey" IS NULL`,
    'not a number': `wallettransactions WHERE coins = 'NaN'`,
    infinity: `wallettransactions WHERE coins = 'Infinity'`,
    'minus infinity': `wallettransactions WHERE coins = '-Infinity'`,
    'a huge double': 'wallettransactions WHERE coins = 1e300',
    'a tenth': 'wallettransactions WHERE coins = 0.1',
    'a negative double': 'wallettransactions WHERE coins = -12.5',
    'an action without a user': `useractions WHERE "userId" IS NULL`,
  }
  test.each(Object.entries(values))('%s', async (_, where) => {
    expect(await count(where)).toBeGreaterThan(0)
  })

  test('the same instant in one row of twenty, and microseconds', async () => {
    const same = await count(`userpoints WHERE created_at = '2026-03-15 12:00:00.123456+00'`)
    expect(same).toBe(ROWS / 20)
    const micro = await count(`userpoints WHERE extract(microseconds FROM created_at)::int % 1000 <> 0`)
    expect(micro).toBeGreaterThan(ROWS * 0.9)
  })

  test('mostly ordinary values of realistic length', async () => {
    const [row] = await rowsOf<{ plain: number; length: number }>(`
      SELECT avg((coalesce(p."caseName", '') ~ '^[A-Za-z]*$' AND coalesce(p.description, '') ~ '^[A-Za-z0-9 ]*$')::int)::float8 AS plain,
             percentile_cont(0.5) WITHIN GROUP (ORDER BY length(concat_ws(',', p.id, p.created_at, u."externalUserId",
               t."externalTaskId", g."externalGameId", p.points, p."caseName", p.description, p."idempotencyKey",
               replace(p.data::text, '"', '""'), p."apiKey_used"))) AS length
        FROM userpoints p JOIN users u ON u.id = p."userId" JOIN tasks t ON t.id = p."taskId" JOIN games g ON g.id = t."gameId"`)
    expect(row?.plain).toBeGreaterThan(0.93)
    expect(row?.length).toBeGreaterThan(200)
    expect(row?.length).toBeLessThan(280)
  })
})
