// Prisma clients: one for the service's own tables, one for the tables that datasets read.
import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import { Prisma, PrismaClient } from '../generated/prisma/client.ts'

export { Prisma, PrismaClient }
export type Database = PrismaClient

export interface DatabaseOptions {
  /** Postgres connection URL. */
  readonly url: string
  /** Shown in pg_stat_activity. */
  readonly name: string
  /** Connections at most. */
  readonly connections: number
  /** Milliseconds that the server may take to accept a connection. */
  readonly connectTimeout: number
  /**
   * Milliseconds after which a query is given up by this side, whatever the server does. It frees us from a
   * connection that hangs; the server's own statement_timeout is set where the query is made.
   */
  readonly queryTimeout: number
  /** Milliseconds after which the server ends a session that does nothing in the middle of a transaction; default: never. */
  readonly idleTimeout?: number
}

/** What pg says when `query_timeout` is over. */
const GIVEN_UP = 'Query read timeout'

/**
 * A query waits this long for a free connection of the pool. It is longer than a query may take: while the server
 * answers slowly, every connection is in use, and that is no outage.
 */
const POOL_WAIT_TIMEOUT_MS = 30_000

/** Prisma's own limits, 2 s to begin a transaction and 5 s to end it, are too short for a busy machine. */
const TRANSACTION_LIMITS = { maxWait: POOL_WAIT_TIMEOUT_MS, timeout: 60_000 }

/**
 * Connects lazily. Every session runs with TimeZone=UTC: the pg adapter reads a timestamptz as if its zone
 * were not there.
 */
export function createDatabase(options: DatabaseOptions): Database {
  const pool = new pg.Pool({
    connectionString: options.url,
    application_name: options.name,
    // A transaction whose process stands still would hold what it has locked, the head of the trail for one.
    options: `-c TimeZone=UTC -c idle_in_transaction_session_timeout=${options.idleTimeout ?? 0}`,
    max: options.connections,
    connectionTimeoutMillis: POOL_WAIT_TIMEOUT_MS,
    Client: clientWithConnectTimeout(options.connectTimeout),
    query_timeout: options.queryTimeout,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    // Then a probe each second, ten times (Node's socket.setKeepAlive): a peer that vanished is found in 20 s, also
    // by a query that may take half an hour.
    keepAliveInitialDelayMillis: 10_000,
  })
  pool.on('connect', endOnceGivenUp)
  const adapter = new PrismaPg(pool, { disposeExternalPool: true })
  return new PrismaClient({ adapter, errorFormat: 'minimal', transactionOptions: TRANSACTION_LIMITS })
}

/** The pool has one time limit for two things: a connection that is opened, and one that is awaited while all are in use. */
function clientWithConnectTimeout(connectTimeout: number): new () => pg.Client {
  return class extends pg.Client {
    constructor(config?: pg.ClientConfig) {
      super({ ...config, connectionTimeoutMillis: connectTimeout })
    }
  }
}

/**
 * pg leaves a connection open on which it has given up a query, and Prisma gives it back to the pool with the
 * transaction: the next query would wait behind the one that hangs, and be given up too.
 */
function endOnceGivenUp(client: pg.PoolClient): void {
  const query = client.query.bind(client) as (...args: unknown[]) => unknown
  const watched = (...args: unknown[]) => {
    const answer = query(...args)
    if (answer instanceof Promise) {
      answer.catch((error: Error) => {
        if (error.message === GIVEN_UP) void (client as unknown as pg.Client).end()
      })
    }
    return answer
  }
  client.query = watched as typeof client.query
}
