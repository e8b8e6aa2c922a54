// Starts the servers of one run as separate processes in a temporary directory: Postgres, S3 and, if requested, Redis.
import { join } from 'node:path'
import pg from 'pg'
import { startPostgres } from '../../../apps/standalone/src/postgres/embedded-postgres.ts'
import { loadSample } from '../../../apps/standalone/src/sample.ts'
import { deployMigrations } from '../../../packages/shared/src/database/migrations.ts'
import { deployQueue } from '../../../packages/shared/src/queue/backend.ts'
import { readConfig } from '../../../packages/shared/src/settings/read.ts'
import { startRedis } from '../../setup/redis.ts'
import { startNode } from './node-process.ts'

export interface Servers {
  /** Connects the superuser to the database `postgres`. */
  readonly postgresUrl: string
  /** The result of `SHOW server_version`. */
  readonly postgresVersion: string
  /** S3_* settings of the embedded S3 server. */
  readonly s3: Readonly<Record<string, string>>
  /** S3_* settings of the server that counts bytes and stores nothing. */
  readonly countingS3: Readonly<Record<string, string>>
  /** S3_* settings of one that also takes SLOW_BYTES_PER_SECOND at most. */
  readonly slowS3: Readonly<Record<string, string>>
  readonly redisUrl: string | undefined
}

export const SLOW_BYTES_PER_SECOND = 5_000_000

export interface ServersOptions {
  readonly directory: string
  readonly redis: boolean
  readonly say: (line: string) => void
  readonly onDeath: (error: Error) => void
}

/**
 * Settings for a server with a few GB of memory, with the default durability. Autovacuum is off, because it would run at random
 * moments. Instead, every table is vacuumed once after it is filled.
 */
const POSTGRES_SETTINGS = {
  shared_buffers: '512MB',
  effective_cache_size: '2GB',
  maintenance_work_mem: '128MB',
  max_wal_size: '4GB',
  autovacuum: 'off',
}

/** Disposing the stack stops all servers. */
export async function startServers(options: ServersOptions, stack: AsyncDisposableStack): Promise<Servers> {
  const { directory, say, onDeath } = options
  const postgres = await startPostgres({
    directory: join(directory, 'postgres'),
    port: 0,
    log: say,
    settings: POSTGRES_SETTINGS,
  })
  stack.defer(() => postgres.stop())
  const s3 = startNode({ program: 'test/bench/system/s3-process.ts', args: [join(directory, 's3')], onDeath })
  stack.defer(() => s3.stop())
  const counting = startNode({ program: 'test/bench/system/counting-s3.ts', onDeath })
  stack.defer(() => counting.stop())
  const slow = startNode({
    program: 'test/bench/system/counting-s3.ts',
    args: [String(SLOW_BYTES_PER_SECOND)],
    onDeath,
  })
  stack.defer(() => slow.stop())
  const redis = options.redis ? await startRedis(join(directory, 'redis')) : undefined
  if (redis !== undefined) stack.defer(() => redis.stop())
  return {
    postgresUrl: postgres.url,
    postgresVersion: await withClient(postgres.url, showVersion),
    s3: JSON.parse(await s3.firstLine) as Record<string, string>,
    countingS3: JSON.parse(await counting.firstLine) as Record<string, string>,
    slowS3: JSON.parse(await slow.firstLine) as Record<string, string>,
    redisUrl: redis?.url,
  }
}

async function showVersion(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ server_version: string }>('SHOW server_version')
  return rows[0]?.server_version ?? 'unknown'
}

/** Creates a database with the tables of the service, of the queue and of GAME with this many user points. @returns its URL */
export async function createDatabase(servers: Servers, name: string, rows: number): Promise<string> {
  const url = new URL(servers.postgresUrl)
  url.pathname = `/${name}`
  await withClient(servers.postgresUrl, (client) => client.query(`CREATE DATABASE ${name}`))
  await deployMigrations(url.href)
  await deployQueue(readConfig({ ...servers.s3, DATABASE_URL: url.href }))
  await loadSample(url.href, { rows })
  await settle(url.href)
  return url.href
}

/**
 * Copies user points with new ids and slightly later times until there are this many. The users and tasks of the copies exist, so
 * foreign keys are not checked.
 */
export async function growDatabase(url: string, rows: number): Promise<void> {
  await withClient(url, async (client) => {
    await client.query(`SET session_replication_role = 'replica'`)
    const original = await countRows(client)
    for (let present = original, copy = 1; present < rows; present = await countRows(client), copy++) {
      await client.query(
        `INSERT INTO userpoints (id, created_at, updated_at, points, "caseName", "idempotencyKey", data, description,
                                 "userId", "taskId", "apiKey_used", oauth_user_id)
         SELECT md5(id::text || ':' || $1::text)::uuid, created_at + $1::text::int * interval '180 days', updated_at, points,
                "caseName", "idempotencyKey" || '~' || $1::text, data, description, "userId", "taskId", "apiKey_used",
                oauth_user_id
           FROM (SELECT * FROM userpoints LIMIT $2) p`,
        [String(copy), Math.min(original, rows - present)],
      )
    }
  })
  await settle(url)
}

async function countRows(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ count: string }>('SELECT count(*) FROM userpoints')
  return Number(rows[0]?.count)
}

/** Vacuums and analyzes the tables, like a database that has been in use for some time. */
async function settle(url: string): Promise<void> {
  await withClient(url, async (client) => {
    await client.query('VACUUM (ANALYZE)')
    await client.query('CHECKPOINT')
  })
}

export async function withClient<T>(url: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, application_name: 'waybill-bench' })
  await client.connect()
  try {
    return await use(client)
  } finally {
    await client.end()
  }
}
