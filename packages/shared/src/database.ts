// Prisma clients: one for the service's own tables, one for the tables that datasets read.
import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import { Prisma, PrismaClient } from './generated/prisma/client.ts'

export { Prisma, PrismaClient }
export type Database = PrismaClient

export interface DatabaseOptions {
  /** Postgres connection URL. */
  readonly url: string
  /** Shown in pg_stat_activity. */
  readonly name: string
  /** Connections at most. */
  readonly connections: number
  /** Milliseconds to wait for a connection. */
  readonly connectTimeout: number
  /**
   * Milliseconds after which a query is given up by this side, whatever the server does. It frees us from a
   * connection that hangs; the server's own statement_timeout is set where the query is made.
   */
  readonly queryTimeout: number
  /** Called whenever the server has answered a query. */
  readonly onAnswer?: () => void
}

/**
 * Connects lazily. Every session runs with TimeZone=UTC: the pg adapter reads a timestamptz as if its zone
 * were not there.
 */
export function createDatabase(options: DatabaseOptions): Database {
  const pool = new pg.Pool({
    connectionString: options.url,
    application_name: options.name,
    options: '-c TimeZone=UTC',
    max: options.connections,
    connectionTimeoutMillis: options.connectTimeout,
    query_timeout: options.queryTimeout,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
  })
  // A connection comes back after every query and every transaction.
  pool.on('release', (error) => {
    if (error === undefined) options.onAnswer?.()
  })
  const adapter = new PrismaPg(pool, { disposeExternalPool: true })
  return new PrismaClient({ adapter, errorFormat: 'minimal' })
}
