// Fills a database with the tables of GAME and generated rows to export.
import { readFile } from 'node:fs/promises'
import pg from 'pg'

export interface SampleOptions {
  /** The number of user points. The other tables are in proportion. */
  readonly rows: number
}

const DIRECTORY = new URL('../../../prisma/sample/', import.meta.url)

/**
 * Does nothing if there are users already. Works in one transaction: a killed run leaves nothing.
 * The same `rows` always gives the same data.
 */
export async function loadSample(databaseUrl: string, { rows }: SampleOptions): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl, application_name: 'waybill-sample' })
  // A lost connection also rejects the running query. Without a listener, this event would end the process.
  client.on('error', () => undefined)
  await client.connect()
  try {
    await client.query('BEGIN')
    // Two runs at once would both find no users.
    await client.query(`SELECT pg_advisory_xact_lock(hashtext('waybill-sample'))`)
    await client.query(await readFile(new URL('schema.sql', DIRECTORY), 'utf8'))
    if ((await client.query('SELECT FROM users LIMIT 1')).rowCount === 0) {
      await client.query(`SELECT set_config('sample.rows', $1, true), set_config('timezone', 'UTC', true)`, [
        String(rows),
      ])
      await skipForeignKeyChecks(client)
      await client.query(await readFile(new URL('rows.sql', DIRECTORY), 'utf8'))
    }
    await client.query('COMMIT')
  } finally {
    // Rolls back unless there was a COMMIT.
    await client.end()
  }
}

/** The checks take most of the time, and the generated references are right. Needs a superuser. */
async function skipForeignKeyChecks(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ superuser: boolean }>(
    'SELECT rolsuper AS superuser FROM pg_roles WHERE rolname = current_user',
  )
  if (rows[0]?.superuser) await client.query(`SET LOCAL session_replication_role = 'replica'`)
}
