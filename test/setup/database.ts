// Creates a separate database for each suite, with the empty tables of the service and of GAME.
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { inject } from 'vitest'
import { deployMigrations } from '../../packages/shared/src/database/migrations.ts'

export interface TestDatabase {
  /** Connects as the superuser. */
  readonly url: string
  /** Throws if the suite has left a connection open, which would prevent the shutdown of a real server. */
  drop(): Promise<void>
}

const TEMPLATE = 'waybill_template'
const LEAK_TIMEOUT_MS = 20_000

/** Call it in `beforeAll`, and `drop()` in `afterAll`. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const server = inject('postgresUrl')
  const name = `test_${randomBytes(6).toString('hex')}`
  await withClient(server, async (client) => {
    await makeTemplate(client)
    await client.query(`CREATE DATABASE ${name} TEMPLATE ${TEMPLATE}`)
  })
  return { url: databaseUrl(server, name), drop: () => dropDatabase(server, name) }
}

/** Migrates the template once per run. The first suite does it; the others wait for its lock. */
async function makeTemplate(client: pg.Client): Promise<void> {
  await client.query(`SELECT pg_advisory_lock(hashtext('${TEMPLATE}'))`)
  try {
    const found = await client.query(`SELECT FROM pg_database WHERE datname = '${TEMPLATE}' AND datistemplate`)
    if (found.rowCount !== 0) return
    await client.query(`DROP DATABASE IF EXISTS ${TEMPLATE}`)
    await client.query(`CREATE DATABASE ${TEMPLATE}`)
    const url = databaseUrl(inject('postgresUrl'), TEMPLATE)
    await deployMigrations(url)
    const sample = await readFile(new URL('../../prisma/sample/schema.sql', import.meta.url), 'utf8')
    await withClient(url, (template) => template.query(sample))
    // Marked last, so that no suite uses an incomplete template.
    await client.query(`ALTER DATABASE ${TEMPLATE} IS_TEMPLATE true`)
  } finally {
    await client.query(`SELECT pg_advisory_unlock(hashtext('${TEMPLATE}'))`)
  }
}

async function dropDatabase(server: string, name: string): Promise<void> {
  await withClient(server, async (client) => {
    let open = await connectionsTo(client, name)
    for (const deadline = Date.now() + LEAK_TIMEOUT_MS; open.length > 0 && Date.now() < deadline; ) {
      await sleep(50)
      open = await connectionsTo(client, name)
    }
    await client.query(`DROP DATABASE ${name} WITH (FORCE)`)
    if (open.length > 0) throw new Error(`The suite left ${open.length} connections open:\n${open.join('\n')}`)
  })
}

async function connectionsTo(client: pg.Client, name: string): Promise<string[]> {
  const { rows } = await client.query<{ line: string }>(
    `SELECT concat_ws(' | ', application_name, state, left(query, 200)) AS line
       FROM pg_stat_activity WHERE datname = $1 AND backend_type = 'client backend'`,
    [name],
  )
  return rows.map((row) => row.line)
}

export async function withClient<T>(url: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return await use(client)
  } finally {
    await client.end()
  }
}

function databaseUrl(server: string, name: string): string {
  const url = new URL(server)
  url.pathname = `/${name}`
  return url.href
}
