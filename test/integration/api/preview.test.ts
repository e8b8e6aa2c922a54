// The preview: equal to the first bytes of the file.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadSample } from '../../../apps/standalone/src/sample.ts'
import { defineDataset } from '../../../packages/shared/src/datasets/dataset.ts'
import { expectProblem } from '../../setup/api/problem.ts'
import { withClient } from '../../setup/database.ts'
import { GAME_DATASETS, type GameDataset } from '../../setup/game.ts'
import { startTestSystem, type TestSystem } from '../../setup/system.ts'

const LONG = 1_000

/** The second row has cells of exactly the length that a preview shows, the third has longer ones. */
const longCells = defineDataset({
  name: 'long-cells',
  title: 'Long cells',
  columns: {
    id: { kind: 'integer', sql: 't.id' },
    text: { kind: 'text', sql: `repeat('😀', t.length)` },
    escaped: { kind: 'text', sql: `repeat(E'\\\\', t.length)` },
    json: { kind: 'json', sql: `to_jsonb(repeat('"', (t.length - 2) / 2))` },
    numeric: { kind: 'numeric', sql: `repeat('7', t.length)::numeric` },
    created: { kind: 'timestamp', sql: `timestamptz '2026-05-01 12:00:00.5+00'` },
    missing: { kind: 'text', sql: 'NULL::text' },
  },
  from: `(VALUES (1, 4), (2, ${LONG}), (3, ${LONG + 2})) AS t(id, length)`,
  filters: {},
  orderBy: ['t.id'],
})

let system: TestSystem
beforeAll(async () => {
  system = await startTestSystem({ datasets: [longCells] })
  await loadSample(system.database.url, { rows: 400 })
})
afterAll(() => system.stop())

const preview = (request: Record<string, unknown>) => system.admin.post('/v1/exports/preview', request)

async function file(request: Record<string, unknown>): Promise<string> {
  const done = await system.admin.export(request)
  return Buffer.from(await (await fetch(done.download.url)).arrayBuffer()).toString('utf8')
}

/** Without the descriptions of user-points, some of which are longer than a preview shows. */
const columnsOf = ({ name, columns }: GameDataset) =>
  columns.map(([column]) => column).filter((column) => name !== 'user-points' || column !== 'description')

describe.each(GAME_DATASETS.map((each) => [each.name, columnsOf(each)] as const))('%s', (dataset, columns) => {
  it.each([
    { format: 'csv' },
    { format: 'csv', csv: { delimiter: ';', bom: true, header: false, escapeFormulas: false } },
    { format: 'ndjson' },
  ])('shows the first bytes of the file: %j', async (options) => {
    const request = { dataset, columns, ...options }
    const { status, body } = await preview(request)
    expect(status).toBe(200)
    const whole = await file(request)
    expect(body.content.length).toBeGreaterThan(100)
    expect(whole.slice(0, body.content.length)).toBe(body.content)
    expect(whole.length).toBeGreaterThan(body.content.length)
    expect(body.rows).toHaveLength(20)
  })

  it('shows a complete JSON document with the first rows of the file', async () => {
    const { body } = await preview({ dataset, columns, format: 'json' })
    expect(body.content).toBe(await file({ dataset, columns, format: 'json', limit: 20 }))
  })

  it('shows the rows of a workbook without content', async () => {
    const { body } = await preview({ dataset, format: 'xlsx' })
    expect(body.content).toBeNull()
    expect(body.rows).toEqual((await preview({ dataset, format: 'csv' })).body.rows)
  })
})

it('applies columns, filters and limit', async () => {
  const request = { dataset: 'users', format: 'csv', columns: ['externalUserId', 'id'], limit: 3 }
  const { body } = await preview(request)
  expect(body.columns).toEqual([
    { name: 'externalUserId', kind: 'text' },
    { name: 'id', kind: 'uuid' },
  ])
  expect(body.content).toBe(await file(request))
  const none = await preview({ ...request, filters: { dateTo: '1999-12-31' } })
  expect(none.body).toMatchObject({ content: 'externalUserId,id\r\n', rows: [] })
})

describe('long cells', () => {
  it.each(['csv', 'json', 'ndjson', 'xlsx'])('are cut and listed: %s', async (format) => {
    const { status, body } = await preview({ dataset: 'long-cells', format })
    expect(status).toBe(200)
    const columns = ['text', 'escaped', 'json', 'numeric']
    expect(body.cutCells).toEqual(columns.map((column) => ({ row: 2, column })))
    expect(body.rows[1]).toMatchObject({
      text: '😀'.repeat(LONG),
      escaped: '\\'.repeat(LONG),
      json: JSON.stringify('"'.repeat(LONG / 2 - 1)),
      numeric: '7'.repeat(LONG),
    })
    expect(body.rows[2]).toEqual({
      id: '3',
      text: `${'😀'.repeat(LONG)}…`,
      escaped: `${'\\'.repeat(LONG)}…`,
      json: `${JSON.stringify('"'.repeat(LONG / 2)).slice(0, LONG)}…`,
      numeric: `${'7'.repeat(LONG)}…`,
      created: '2026-05-01T12:00:00.500000Z',
      missing: null,
    })
  })

  it.each(['csv', 'json', 'ndjson'])('leave the other rows as in the file: %s', async (format) => {
    const request = { dataset: 'long-cells', format, limit: 2 }
    const { body } = await preview(request)
    expect(body).toMatchObject({ content: await file(request), cutCells: [] })
  })

  it('leave a JSON document valid', async () => {
    const { body } = await preview({ dataset: 'long-cells', format: 'json' })
    const rows = JSON.parse(body.content)
    expect(rows[1].json).toBe('"'.repeat(LONG / 2 - 1))
    expect(rows[2]).toMatchObject({ id: 3, json: body.rows[2].json, numeric: body.rows[2].numeric, missing: null })
  })
})

it('accepts only UTC offsets that Postgres can read', async () => {
  for (const dateFrom of ['2026-01-01T00:00:00+15:59', '0001-01-01', '2026-01-01T00:00:00.123456789-15:59']) {
    expect((await preview({ dataset: 'users', format: 'csv', filters: { dateFrom } })).status).toBe(200)
  }
})

it('estimates the row count, at most the limit', async () => {
  const { rows } = await withClient(system.database.url, (client) =>
    client.query<{ count: string }>('SELECT count(*) FROM userpoints'),
  )
  const total = Number(rows[0]?.count)
  const { body } = await preview({ dataset: 'user-points', format: 'csv' })
  expect(body.estimatedRows).toBeGreaterThan(total / 2)
  expect(body.estimatedRows).toBeLessThan(total * 2)
  expect((await preview({ dataset: 'user-points', format: 'csv', limit: 7 })).body.estimatedRows).toBeLessThanOrEqual(7)
})

it('creates no export, but is recorded in the audit trail', async () => {
  const look = () =>
    withClient(system.database.url, async (client) => {
      const { rows } = await client.query(
        `SELECT (SELECT count(*)::int FROM waybill.exports) AS exports, count(*)::int AS events,
           (array_agg(data ORDER BY id DESC))[1] AS last FROM waybill.audit_events`,
      )
      return rows[0]
    })
  const before = await look()
  const filters = { dateFrom: '2026-01-01' }
  const { body } = await preview({ dataset: 'users', format: 'csv', columns: ['id'], filters })
  expect(await look()).toEqual({
    exports: before.exports,
    events: before.events + 1,
    last: { dataset: 'users', filters, columns: ['id'], rows: body.rows.length },
  })
})

it('responds with SOURCE_TABLE_MISSING for a missing table', async () => {
  await withClient(system.database.url, (client) => client.query('ALTER TABLE useractions RENAME TO elsewhere'))
  try {
    const answer = await preview({ dataset: 'user-interactions', format: 'csv' })
    expectProblem(answer, 503, 'SOURCE_TABLE_MISSING')
    expect(answer.body.detail).toContain('useractions')
  } finally {
    await withClient(system.database.url, (client) => client.query('ALTER TABLE elsewhere RENAME TO useractions'))
  }
})
