// The contract of every built-in dataset. It also covers new datasets, without changes here.
import { compileQuery, settingOf } from '@waybill/shared/datasets/dataset.ts'
import { GAME_DATASETS, LEDGER_DATASETS } from '@waybill/shared/datasets/index.ts'
import { FORMAT_NAMES } from '@waybill/shared/vocabulary/export.ts'
import type { ColumnKind } from '@waybill/shared/vocabulary/table.ts'
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadSample } from '../../apps/standalone/src/sample.ts'
import { withClient } from '../setup/database.ts'
import { startTestSystem, type TestSystem } from '../setup/system.ts'

/** Types of Postgres by OID (pg_type.dat), and the column kinds that are correct for them. */
const KIND_BY_OID: Readonly<Record<number, ColumnKind>> = {
  16: 'boolean',
  20: 'bigint',
  21: 'integer',
  23: 'integer',
  25: 'text',
  114: 'json',
  700: 'float',
  701: 'float',
  1042: 'text',
  1043: 'text',
  1082: 'date',
  1114: 'timestamp',
  1184: 'timestamp',
  1700: 'numeric',
  2950: 'uuid',
  3802: 'json',
}

/** The first value that the schema of the filter accepts is used. Each is easy to find in SQL text. */
const FILTER_VALUES = ['2026-03-04T05:06:07.123456Z', `'; DROP TABLE "marker"; --`, 4_711, true]

let system: TestSystem
beforeAll(async () => {
  system = await startTestSystem()
  await loadSample(system.database.url, { rows: 2_000 })
  // Creates an event for the dataset of the audit trail.
  await system.admin.export({ dataset: 'users', format: 'csv' })
})
afterAll(() => system.stop())

const query = <T extends pg.QueryResultRow>(sql: string, values: readonly string[] = []) =>
  withClient(system.database.url, (client) => client.query<T>(sql, [...values]))

describe.each([...GAME_DATASETS, ...LEDGER_DATASETS])('dataset $name', (dataset) => {
  const names = Object.keys(dataset.columns)

  it.each(Object.entries(dataset.columns))(
    'column %s exists, and its kind is the truth about its type',
    async (_, column) => {
      const { fields } = await query(`SELECT ${column.sql} AS cell FROM ${dataset.from} LIMIT 0`)
      expect(column.kind).toBe(KIND_BY_OID[fields[0]?.dataTypeID ?? 0])
    },
  )

  it.each(Object.entries(dataset.filters))('filter %s runs, and its value never becomes SQL', async (name, filter) => {
    const value = FILTER_VALUES.find((candidate) => filter.schema.safeParse(candidate).success)
    expect(value, 'one of the values suits the filter').toBeDefined()
    const { sql, values } = compileQuery(dataset, { filters: { [name]: value }, columns: names, limit: 10 })
    expect(sql).not.toContain(String(value))
    expect(values).toContain(String(value))
    await withClient(system.database.url, async (client) => {
      for (const [index, bound] of values.entries()) {
        await client.query('SELECT set_config($1, $2, false)', [settingOf(index + 1), bound])
      }
      await client.query(sql)
    })
  })

  it('has a unique order', async () => {
    const key = dataset.orderBy.map((expression) => `(${expression})::text`).join(', ')
    const { rows } = await query<{ rows: string; places: string }>(
      `SELECT count(*) AS rows, count(DISTINCT ROW(${key})) AS places FROM ${dataset.from}`,
    )
    expect(Number(rows[0]?.rows)).toBeGreaterThan(1)
    expect(rows[0]?.places).toBe(rows[0]?.rows)
  })

  it('is listed with all of its columns and filters', async () => {
    const { body } = await system.admin.get('/v1/datasets')
    const announced = body.items.find((item: { name: string }) => item.name === dataset.name)
    expect(announced).toMatchObject({
      title: dataset.title,
      columns: names.map((name) => ({ name, kind: dataset.columns[name]?.kind })),
      formats: FORMAT_NAMES,
    })
    expect(announced.filters.map(({ name }: { name: string }) => name)).toEqual(Object.keys(dataset.filters))
  })

  it.each(FORMAT_NAMES)('exports all of its rows as %s', async (format) => {
    const count = async () =>
      Number((await query<{ count: string }>(`SELECT count(*) FROM ${dataset.from}`)).rows[0]?.count)
    const before = await count()
    const done = await system.admin.export({ dataset: dataset.name, format })
    expect(done).toMatchObject({ status: 'completed', truncated: false })
    // This export has added events to the trail, the last of them after its own snapshot.
    expect(done.rowCount).toBeGreaterThanOrEqual(before)
    expect(done.rowCount).toBeLessThanOrEqual(await count())
  })
})
