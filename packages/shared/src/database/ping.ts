// Checks whether a database is available, over a separate connection.
import pg from 'pg'
import { databaseFailure } from './failure.ts'

/**
 * The connection is new, because those of a pool may hang after an outage.
 *
 * @param name shown in pg_stat_activity
 * @throws when the server is unavailable. A server that rejects the login is available.
 */
export async function pingDatabase(url: string, name: string, timeoutMs: number): Promise<void> {
  const client = new pg.Client({
    connectionString: url,
    application_name: name,
    connectionTimeoutMillis: timeoutMs,
    query_timeout: timeoutMs,
  })
  // A lost connection also rejects the pending query. Without a listener, this event would end the process.
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.query('SELECT 1')
  } catch (error) {
    if (databaseFailure(error).kind === 'unavailable') throw error
  } finally {
    void client.end().catch(() => undefined)
  }
}
