// Validation: reports each invalid field before anything is written or run.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectProblem } from '../../setup/api/problem.ts'
import { withClient } from '../../setup/database.ts'
import { startTestSystem, type TestSystem } from '../../setup/system.ts'

let system: TestSystem
beforeAll(async () => {
  system = await startTestSystem({ worker: false, settings: { MAX_ROWS: '1000' } })
})
afterAll(async () => {
  const { rows } = await withClient(system.database.url, (client) =>
    client.query<{ count: string }>('SELECT count(*) FROM waybill.exports'),
  )
  await system.stop()
  expect(rows[0]?.count, 'a request that was refused left no row').toBe('0')
})

/** Both routes take the same request. */
const PATHS = ['/v1/exports', '/v1/exports/preview']
const GOOD = { dataset: 'user-points', format: 'csv' }

async function refusal(body: unknown): Promise<string[]> {
  const [created, previewed] = await Promise.all(PATHS.map((path) => system.admin.post(path, body)))
  if (created === undefined || previewed === undefined) throw new Error('two answers were expected')
  const errors = expectProblem(created, 422, 'VALIDATION_FAILED')
  expect(expectProblem(previewed, 422, 'VALIDATION_FAILED')).toEqual(errors)
  return errors
}

describe('names each invalid field with the reason', () => {
  it.each<[string, unknown, RegExp[]]>([
    ['no dataset', { format: 'csv' }, [/^dataset: /]],
    ['an unknown dataset', { ...GOOD, dataset: 'userz' }, [/^dataset: must be one of: users, user-points/]],
    ['a dataset that every object has', { ...GOOD, dataset: 'constructor' }, [/^dataset: must be one of/]],
    ['a dataset that is no text', { ...GOOD, dataset: 1 }, [/^dataset: .*string/]],
    ['no format', { dataset: 'users' }, [/^format: .*csv.*json.*ndjson.*xlsx/]],
    ['an unknown format', { ...GOOD, format: 'pdf' }, [/^format: .*csv.*json.*ndjson.*xlsx/]],
    ['a format that every object has', { ...GOOD, format: 'toString' }, [/^format: /]],
    ['an unknown field', { ...GOOD, fitlers: {} }, [/^fitlers: is not a known field/]],
    ['filters that are a list', { ...GOOD, filters: [] }, [/^filters: /]],
    [
      'a filter of another dataset',
      { ...GOOD, dataset: 'users', filters: { externalGameId: 'g' } },
      [/^filters\.externalGameId: is not a filter of users, which has: dateFrom, dateTo/],
    ],
    ['an unknown filter', { ...GOOD, filters: { datefrom: '2026-01-01' } }, [/^filters\.datefrom: is not a filter/]],
    ['a filter without a value', { ...GOOD, filters: { externalTaskId: '' } }, [/^filters\.externalTaskId: /]],
    ['a filter that is null', { ...GOOD, filters: { externalTaskId: null } }, [/^filters\.externalTaskId: /]],
    [
      'a filter that is too long',
      { ...GOOD, filters: { externalTaskId: 'x'.repeat(1001) } },
      [/^filters\.externalTaskId: /],
    ],
    ['columns that are text', { ...GOOD, columns: 'id' }, [/^columns: /]],
    ['no columns at all', { ...GOOD, columns: [] }, [/^columns: /]],
    [
      'an unknown column',
      { ...GOOD, columns: ['id', 'password'] },
      [/^columns\[1\]: is not a column of user-points, which has: id, created_at/],
    ],
    [
      'a column that every object has',
      { ...GOOD, columns: ['constructor', '__proto__', 'hasOwnProperty'] },
      [/^columns\[0\]: is not/, /^columns\[1\]: is not/, /^columns\[2\]: is not/],
    ],
    ['a column twice', { ...GOOD, columns: ['id', 'points', 'id'] }, [/^columns\[2\]: is named twice/]],
    ['SQL as a column', { ...GOOD, columns: ['id" FROM users; --'] }, [/^columns\[0\]: is not/]],
    ['no rows', { ...GOOD, limit: 0 }, [/^limit: .*1/]],
    ['fewer than no rows', { ...GOOD, limit: -1 }, [/^limit: /]],
    ['half a row', { ...GOOD, limit: 1.5 }, [/^limit: /]],
    ['a limit that is text', { ...GOOD, limit: '10' }, [/^limit: /]],
    ['more rows than allowed', { ...GOOD, limit: 1001 }, [/^limit: must be at most 1000/]],
    ['more rows than fit a number', { ...GOOD, limit: 1e300 }, [/^limit: /]],
    ['an unknown compression', { ...GOOD, compression: 'zip' }, [/^compression: .*none.*gzip/]],
    ['gzip around xlsx', { ...GOOD, format: 'xlsx', compression: 'gzip' }, [/^compression: is not for xlsx/]],
    ['csv options for json', { ...GOOD, format: 'json', csv: { bom: true } }, [/^csv: is for format csv only/]],
    ['csv options for xlsx', { ...GOOD, format: 'xlsx', csv: {} }, [/^csv: is for format csv only/]],
    ['an unknown csv option', { ...GOOD, csv: { quote: "'" } }, [/^csv\.quote: is not a known field/]],
    ['a delimiter that would break the file', { ...GOOD, csv: { delimiter: '"' } }, [/^csv\.delimiter: /]],
    ['a delimiter of two', { ...GOOD, csv: { delimiter: ',,' } }, [/^csv\.delimiter: /]],
    ['a bom that is text', { ...GOOD, csv: { bom: 'true' } }, [/^csv\.bom: /]],
    ['a webhook without TLS', { ...GOOD, webhookUrl: 'http://example.org' }, [/^webhookUrl: must be an https URL/]],
    [
      'a webhook to an address inside',
      { ...GOOD, webhookUrl: 'https://169.254.169.254/' },
      [/^webhookUrl: .*not allowed/],
    ],
    [
      'several at once',
      { dataset: 'user-points', format: 'xlsx', compression: 'gzip', limit: 2000, columns: ['x'], filters: { y: 1 } },
      [/^limit: /, /^compression: /, /^filters\.y: /, /^columns\[0\]: /],
    ],
    ['a list', [], [/^: /]],
  ])('%s', async (_, body, expected) => {
    const errors = await refusal(body)
    expect(errors).toHaveLength(expected.length)
    for (const [index, pattern] of expected.entries()) expect(errors[index]).toMatch(pattern)
  })
})

describe('rejects a date that the database cannot read', () => {
  it.each([
    'yesterday',
    '',
    '2026-13-01',
    '2026-02-29',
    '2026-02-30T00:00:00Z',
    '2026-01-01 00:00:00',
    '2026-01-01T00:00:00',
    '2026-01-01T25:00:00Z',
    '20260101',
    '1767225600',
    'infinity',
    'now',
    'epoch',
    '0000-01-01',
    '0000-12-31T00:00:00Z',
    '2026-01-01T00:00:00+23:59',
    '2026-01-01T00:00:00-16:00',
    `2026-01-01T00:00:00.${'1'.repeat(300)}Z`,
    20260101,
    null,
    ['2026-01-01'],
    { $gt: '' },
    '+10000-01-01T00:00:00Z',
  ])('%j', async (value) => {
    for (const name of ['dateFrom', 'dateTo']) {
      expect(await refusal({ ...GOOD, filters: { [name]: value } })).toEqual([
        expect.stringMatching(new RegExp(`^filters\\.${name}: must be a time`)),
      ])
    }
  })

  it.each([
    ['2026-01-02', '2026-01-01'],
    ['2026-01-01T00:00:00.001Z', '2026-01-01T00:00:00Z'],
    ['2026-01-01T00:00:00-01:00', '2026-01-01T00:30:00Z'],
    ['2026-01-02T00:00:00Z', '2026-01-01'],
  ])('rejects dateFrom %s after dateTo %s', async (dateFrom, dateTo) => {
    const errors = await refusal({ ...GOOD, filters: { dateFrom, dateTo } })
    expect(errors).toEqual(['filters.dateTo: must not be before dateFrom'])
  })
})

describe('rejects text that Postgres cannot store in any field with 422', () => {
  it.each(['\0', 'a\0b', '\ud800', 'x\udfff'])('%j', async (text) => {
    expect(await refusal({ ...GOOD, filters: { externalTaskId: text } })).toHaveLength(1)
    expect(await refusal({ ...GOOD, filters: { [text]: 'x' } })).toHaveLength(1)
    expect(await refusal({ ...GOOD, columns: [text] })).toHaveLength(1)
    expect(await refusal({ ...GOOD, dataset: text })).toHaveLength(1)
    expect(await refusal({ ...GOOD, [text]: 1 })).toHaveLength(1)
  })
})

describe('rejects keys with a meaning in JavaScript, such as __proto__, as unknown fields', () => {
  it.each([
    ['as a filter', '{"dataset":"users","format":"csv","filters":{"__proto__":"x"}}', 'filters.__proto__'],
    [
      'as filters',
      '{"dataset":"users","format":"csv","filters":{"constructor":{"prototype":1}}}',
      'filters.constructor',
    ],
    ['as a field', '{"dataset":"users","format":"csv","__proto__":{"limit":5}}', '__proto__'],
    ['as a csv option', '{"dataset":"users","format":"csv","csv":{"__proto__":{"bom":true}}}', 'csv.__proto__'],
  ])('%s', async (_, body, path) => {
    const errors = await refusal(body)
    expect(errors.map((error) => error.split(':')[0])).toEqual([path])
    expect(({} as Record<string, unknown>).limit).toBeUndefined()
  })
})

it('rejects a deeply nested filter', async () => {
  const depth = 40_000
  const body = `{"dataset":"users","format":"csv","filters":{"dateFrom":${'['.repeat(depth)}${']'.repeat(depth)}}}`
  expect(await refusal(body)).toHaveLength(1)
})
