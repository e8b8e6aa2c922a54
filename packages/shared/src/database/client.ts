// Creates Prisma clients, for the service's own tables and for the tables that datasets read.
import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import { Prisma, PrismaClient } from '../generated/prisma/client.ts'
import { copyExtension, PendingCopies, runCopy } from './copy.ts'
import { createReadSocket } from './read-socket.ts'

export { Prisma, PrismaClient }
export type Database = PrismaClient

export interface DatabaseOptions {
  /** Postgres connection URL; with `pgbouncer=true` in its query, of a PgBouncer in transaction mode. */
  readonly url: string
  /** Shown in pg_stat_activity. */
  readonly name: string
  /** Maximum number of connections. */
  readonly connections: number
  /** Milliseconds that the server may take to accept a connection. */
  readonly connectTimeout: number
  /**
   * Milliseconds after which the client abandons a query, even if the server does not respond. It releases a connection
   * that hangs. The statement_timeout of the server is set where the query is sent.
   */
  readonly queryTimeout: number
  /** Milliseconds after which the server ends a session that is idle in a transaction; default: never. */
  readonly idleTimeout?: number
}

/** Message of pg when `query_timeout` has passed. */
const QUERY_TIMEOUT_MESSAGE = 'Query read timeout'

/**
 * A query waits this long for a free connection of the pool. It is longer than a query may take, because a slow server
 * keeps all connections in use, and that is not an outage.
 */
const POOL_WAIT_TIMEOUT_MS = 30_000

/** Prisma's own limits, 2 s to begin a transaction and 5 s to end it, are too short for a busy machine. */
const TRANSACTION_LIMITS = { maxWait: POOL_WAIT_TIMEOUT_MS, timeout: 60_000 }

/** Connects lazily. Every session uses TimeZone=UTC, because the pg adapter ignores the zone of a timestamptz. */
export function createDatabase(options: DatabaseOptions): Database {
  return createClient(options, new PendingCopies(), {})
}

/** A client for tables that datasets read: it also has `$copy`, which sends the rows of a query as bytes. */
export function createReader(options: DatabaseOptions) {
  const copies = new PendingCopies()
  return createClient(options, copies, { stream: createReadSocket }).$extends(copyExtension(copies))
}

export type Reader = ReturnType<typeof createReader>

function createClient(options: DatabaseOptions, copies: PendingCopies, more: pg.PoolConfig): PrismaClient {
  const pool = new pg.Pool({
    ...more,
    connectionString: options.url,
    application_name: options.name,
    ...sessionSettings(options),
    max: options.connections,
    connectionTimeoutMillis: POOL_WAIT_TIMEOUT_MS,
    Client: clientWithConnectTimeout(options.connectTimeout),
    query_timeout: options.queryTimeout,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    // After that, one probe per second, ten times (Node's socket.setKeepAlive). So a lost peer is detected after 20 s,
    // also by a query that may take half an hour.
    keepAliveInitialDelayMillis: 10_000,
  })
  pool.on('connect', (client) => watchQueries(client, copies))
  const adapter = new PrismaPg(pool, { disposeExternalPool: true })
  return new PrismaClient({ adapter, errorFormat: 'minimal', transactionOptions: TRANSACTION_LIMITS })
}

/** Says in the URL, as for Prisma, that it leads through PgBouncer in transaction mode. */
export function isThroughPgBouncer(url: string): boolean {
  return new URL(url).searchParams.get('pgbouncer') === 'true'
}

/**
 * PgBouncer refuses the parameter `options`. It keeps the TimeZone of each client, so a statement can set that. Its own setting
 * idle_transaction_timeout replaces ours (docs/operations.md).
 */
function sessionSettings({ url, idleTimeout = 0 }: DatabaseOptions): pg.PoolConfig {
  if (isThroughPgBouncer(url)) return { onConnect: (client) => setTimeZone(client) }
  // A transaction of a frozen process would keep its locks, for example the head of the audit trail.
  return { options: `-c TimeZone=UTC -c idle_in_transaction_session_timeout=${idleTimeout}` }
}

/** The pool waits for it before it hands the connection out. */
async function setTimeZone(client: pg.ClientBase): Promise<void> {
  await client.query(`SET TimeZone = 'UTC'`)
}

/** The pool has only one timeout for opening a connection and for waiting for a free one, so the client sets its own. */
function clientWithConnectTimeout(connectTimeout: number): new () => pg.Client {
  return class extends pg.Client {
    constructor(config?: pg.ClientConfig) {
      super({ ...config, connectionTimeoutMillis: connectTimeout })
    }
  }
}

/**
 * Runs a COPY where a query stands for one. And after a query timeout, pg keeps the connection open and Prisma returns it to
 * the pool. The next query would wait behind the one that hangs and time out too, so the connection is closed.
 */
function watchQueries(client: pg.PoolClient, copies: PendingCopies): void {
  const query = client.query.bind(client) as (...args: unknown[]) => unknown
  const watched = (...args: unknown[]) => {
    const copy = copies.take(args[0])
    if (copy !== undefined) return runCopy(query, copy)
    const answer = query(...args)
    if (answer instanceof Promise) {
      answer.catch((error: Error) => {
        if (error.message === QUERY_TIMEOUT_MESSAGE) void (client as unknown as pg.Client).end()
      })
    }
    return answer
  }
  client.query = watched as typeof client.query
}
