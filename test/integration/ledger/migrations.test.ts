// The database after a migration matches schema.prisma, also after concurrent and repeated runs.
import { readFile } from 'node:fs/promises'
import { deployMigrations } from '@waybill/shared/database/migrations.ts'
import type pg from 'pg'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase, withClient } from '../../setup/database.ts'

let database: TestDatabase
beforeEach(async () => {
  database = await createTestDatabase()
})
afterEach(() => database.drop())

const query = <T extends pg.QueryResultRow>(sql: string) =>
  withClient(database.url, async (client) => (await client.query<T>(sql)).rows)

const dropAll = () => query('DROP SCHEMA waybill CASCADE')

describe('migrations', () => {
  it('are applied once by concurrent and repeated runs', async () => {
    await dropAll()
    const applied = await Promise.all(Array.from({ length: 4 }, () => deployMigrations(database.url)))
    const names = applied.filter((list) => list.length > 0)
    expect(names).toHaveLength(1)
    expect(await deployMigrations(database.url)).toEqual([])
    const recorded = await query<{ name: string }>(
      'SELECT migration_name AS name FROM waybill._prisma_migrations WHERE finished_at IS NOT NULL ORDER BY 1',
    )
    expect(recorded.map(({ name }) => name)).toEqual(names[0])
  })

  it('reject a file that was changed after it was applied', async () => {
    await query(`UPDATE waybill._prisma_migrations SET checksum = repeat('0', 64)`)
    await expect(deployMigrations(database.url)).rejects.toThrow(/was edited/)
  })

  it('stop at a migration that failed before', async () => {
    await query('UPDATE waybill._prisma_migrations SET finished_at = NULL')
    await expect(deployMigrations(database.url)).rejects.toThrow(/has failed earlier/)
  })

  it('leave nothing behind when they fail, and can be repeated', async () => {
    await dropAll()
    await query('CREATE SCHEMA waybill; CREATE TABLE waybill.export_events (in_the_way int)')
    await expect(deployMigrations(database.url)).rejects.toThrow(/Migration \S+ failed/)
    const tables = await query(`SELECT tablename FROM pg_tables WHERE schemaname = 'waybill' ORDER BY 1`)
    expect(tables).toEqual([{ tablename: '_prisma_migrations' }, { tablename: 'export_events' }])
    await query('DROP TABLE waybill.export_events')
    expect(await deployMigrations(database.url)).not.toEqual([])
  })
})

describe('the database matches schema.prisma', () => {
  it('table by table, column by column', async () => {
    const found = await query<{ line: string }>(
      `SELECT concat_ws(' ', table_name, column_name, udt_name,
         CASE WHEN is_nullable = 'YES' AND udt_name NOT LIKE '\\_%' THEN 'null' END) AS line
       FROM information_schema.columns WHERE table_schema = 'waybill' AND table_name <> '_prisma_migrations'`,
    )
    expect(found.map(({ line }) => line).sort()).toEqual((await readSchema()).columns)
  })

  it('index by index', async () => {
    const found = await query<{ name: string }>(
      `SELECT indexname AS name FROM pg_indexes WHERE schemaname = 'waybill' AND indexname NOT LIKE '%\\_pkey' ORDER BY 1`,
    )
    expect(found.map(({ name }) => name).sort()).toEqual((await readSchema()).indexes)
  })

  it('enum by enum', async () => {
    const found = await query<{ line: string }>(
      `SELECT typname || ' ' || string_agg(enumlabel, ' ' ORDER BY enumsortorder) AS line
       FROM pg_type t JOIN pg_enum e ON e.enumtypid = t.oid GROUP BY typname`,
    )
    expect(found.map(({ line }) => line).sort()).toEqual((await readSchema()).enums)
  })
})

/** Prisma's scalar types in Postgres (https://www.prisma.io/docs/orm/overview/databases/postgresql). */
const TYPES: Readonly<Record<string, string>> = {
  String: 'text',
  Int: 'int4',
  BigInt: 'int8',
  Boolean: 'bool',
  DateTime: 'timestamptz',
  Json: 'jsonb',
  Bytes: 'bytea',
}

/** Parses the part of Prisma's schema language that our schema uses. Index names follow Prisma's rule. */
async function readSchema() {
  const text = await readFile(new URL('../../../prisma/schema.prisma', import.meta.url), 'utf8')
  const blocks = [...text.matchAll(/^(model|enum) (\w+) \{\n(.*?)^\}/gms)].map(([, kind, name = '', body = '']) => {
    const lines = body.split('\n').map((line) => line.trim())
    const mapped = /@@map\("(\w+)"\)/.exec(body)?.[1] ?? name
    return { kind, name, mapped, lines: lines.filter((line) => line !== '' && !line.startsWith('//')) }
  })
  const enums = new Map(blocks.filter(({ kind }) => kind === 'enum').map(({ name, mapped }) => [name, mapped]))
  const columns: string[] = []
  const indexes: string[] = []
  for (const { kind, mapped: table, lines } of blocks) {
    if (kind !== 'model') continue
    const names = new Map<string, string>()
    for (const line of lines) {
      const [, field = '', type = '', list, optional] = /^(\w+)\s+(\w+)(\[\])?(\?)?/.exec(line) ?? []
      const scalar = line.includes('@db.Uuid') ? 'uuid' : (TYPES[type] ?? enums.get(type))
      if (scalar === undefined) continue
      const column = /@map\("(\w+)"\)/.exec(line)?.[1] ?? field
      names.set(field, column)
      columns.push([table, column, list ? `_${scalar}` : scalar, ...(optional ? ['null'] : [])].join(' '))
      if (/@unique\b/.test(line)) indexes.push(`${table}_${column}_key`)
    }
    for (const line of lines) {
      const [, what, fields = ''] = /^@@(unique|index)\(\[(.*?)\]/.exec(line) ?? []
      if (what === undefined) continue
      const parts = fields.split(',').map((field) => names.get(field.trim().replace(/\(.*/, '')))
      indexes.push(`${table}_${parts.join('_')}_${what === 'unique' ? 'key' : 'idx'}`)
    }
  }
  const values = (lines: readonly string[]) => lines.filter((line) => !line.startsWith('@@')).join(' ')
  return {
    columns: columns.sort(),
    indexes: indexes.sort(),
    enums: blocks
      .filter(({ kind }) => kind === 'enum')
      .map(({ mapped, lines }) => `${mapped} ${values(lines)}`)
      .sort(),
  }
}
