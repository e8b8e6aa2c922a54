// Fills a database with GAME's tables and generated rows, so that there is something to export.
import { readFile } from 'node:fs/promises'
import pg from 'pg'

export interface SampleOptions {
  /** User points; the other tables in proportion. */
  readonly rows: number
}

const DIRECTORY = new URL('../../../prisma/sample/', import.meta.url)

/**
 * Does nothing when there are users already. One transaction: a run that is killed leaves nothing.
 * The rows depend on `rows` alone.
 */
export async function loadSample(databaseUrl: string, { rows }: SampleOptions): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl, application_name: 'waybill-sample' })
  // A lost connection also rejects the query that waits for it, which is enough; unheard, it ends the process.
  client.on('error', () => undefined)
  await client.connect()
  try {
    await client.query('BEGIN')
    // Two at once would both find no users.
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
    // Without a COMMIT before, this rolls back.
    await client.end()
  }
}

/** They are most of the time it takes, and the rows refer to rows that are there; a superuser's privilege. */
async function skipForeignKeyChecks(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ superuser: boolean }>(
    'SELECT rolsuper AS superuser FROM pg_roles WHERE rolname = current_user',
  )
  if (rows[0]?.superuser) await client.query(`SET LOCAL session_replication_role = 'replica'`)
}
