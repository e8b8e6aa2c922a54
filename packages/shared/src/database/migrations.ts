// Applies prisma/migrations like `prisma migrate deploy`, without Prisma's schema engine.
import { createHash, randomUUID } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'

const MIGRATIONS = fileURLToPath(new URL('../../../../prisma/migrations', import.meta.url))

/** The advisory lock of Prisma's engine, so that both can run at the same time. */
const PRISMA_ADVISORY_LOCK = 72_707_369

/** The table as Prisma creates it: prisma-engines, schema-engine/connectors/sql-schema-connector, `create_migrations_table`. */
const CREATE_TABLE = `CREATE TABLE IF NOT EXISTS "waybill"."_prisma_migrations" (
  id                  VARCHAR(36) PRIMARY KEY NOT NULL,
  checksum            VARCHAR(64) NOT NULL,
  finished_at         TIMESTAMPTZ,
  migration_name      VARCHAR(255) NOT NULL,
  logs                TEXT,
  rolled_back_at      TIMESTAMPTZ,
  started_at          TIMESTAMPTZ NOT NULL DEFAULT now(),
  applied_steps_count INTEGER NOT NULL DEFAULT 0
)`

/**
 * Brings the schema `waybill` up to date. Each migration is one transaction. Several processes may call this at the
 * same time.
 *
 * @returns names of the migrations that this call has applied
 * @throws Error if an applied migration was edited later, or if an earlier migration has failed
 */
export async function deployMigrations(databaseUrl: string): Promise<string[]> {
  const client = new pg.Client({ connectionString: databaseUrl, application_name: 'waybill-migrate' })
  await client.connect()
  try {
    await client.query('SELECT pg_advisory_lock($1)', [PRISMA_ADVISORY_LOCK])
    await client.query('CREATE SCHEMA IF NOT EXISTS "waybill"')
    await client.query(CREATE_TABLE)
    const { rows } = await client.query<{ migration_name: string; checksum: string; finished_at: Date | null }>(
      'SELECT migration_name, checksum, finished_at FROM "waybill"."_prisma_migrations" WHERE rolled_back_at IS NULL',
    )
    const applied = new Map(rows.map((row) => [row.migration_name, row]))
    const names: string[] = []
    for (const { name, sql, checksum } of await readMigrations()) {
      const record = applied.get(name)
      if (record === undefined) {
        await apply(client, name, sql, checksum)
        names.push(name)
      } else if (record.finished_at === null) {
        throw new Error(`Migration ${name} has failed earlier. Repair it, then mark it with "prisma migrate resolve"`)
      } else if (record.checksum !== checksum) {
        throw new Error(`Migration ${name} was edited after it had been applied`)
      }
    }
    return names
  } finally {
    await client.end() // ends the session and releases the lock
  }
}

interface Migration {
  readonly name: string
  readonly sql: string
  /** SHA-256 of the file, hex, as Prisma records it. */
  readonly checksum: string
}

async function readMigrations(): Promise<Migration[]> {
  const entries = await readdir(MIGRATIONS, { withFileTypes: true })
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name)
  return Promise.all(
    names.sort().map(async (name) => {
      const sql = await readFile(join(MIGRATIONS, name, 'migration.sql'), 'utf8')
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') }
    }),
  )
}

async function apply(client: pg.Client, name: string, sql: string, checksum: string): Promise<void> {
  await client.query('BEGIN')
  try {
    await client.query(sql)
    await client.query(
      `INSERT INTO "waybill"."_prisma_migrations" (id, checksum, migration_name, finished_at, applied_steps_count)
       VALUES ($1, $2, $3, now(), 1)`,
      [randomUUID(), checksum, name],
    )
    await client.query('COMMIT')
  } catch (error) {
    await client.query('ROLLBACK')
    throw new Error(`Migration ${name} failed`, { cause: error })
  }
}
