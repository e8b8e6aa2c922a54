// Prepares statements on the source database without reading rows.
import pg from 'pg'
import { databaseFailure } from '../database/failure.ts'
import { settingOf } from '../datasets/dataset.ts'

/** The source is unavailable or busy, or it rejects the login, so the datasets could not be checked. */
export class SourceUnavailableError extends Error {
  override readonly name = 'SourceUnavailableError'
}

/** Limit for the connection and for one statement, which may wait for a lock. */
const PROBE_TIMEOUT_MS = 5_000

/** Runs `use` on a read-only connection, which is always closed. @throws SourceUnavailableError */
export async function withSource<T>(url: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'waybill-dataset-check',
    options: '-c TimeZone=UTC -c default_transaction_read_only=on',
    connectionTimeoutMillis: PROBE_TIMEOUT_MS,
    statement_timeout: PROBE_TIMEOUT_MS,
    query_timeout: 2 * PROBE_TIMEOUT_MS,
  })
  // A lost connection also rejects the pending query. Without a listener, this event would end the process.
  client.on('error', () => undefined)
  try {
    try {
      await client.connect()
    } catch (error) {
      throw new SourceUnavailableError(databaseFailure(error).message, { cause: error })
    }
    return await use(client)
  } finally {
    void client.end().catch(() => undefined)
  }
}

export interface Prepared {
  readonly fault: string | undefined
  /** OIDs of the column types. */
  readonly types: readonly number[]
}

/**
 * Reads no rows, but fails if the permission to read is missing.
 *
 * @param values those that `boundValue` stands for in the statement
 * @throws SourceUnavailableError
 */
export async function prepare(client: pg.Client, sql: string, values: readonly string[] = []): Promise<Prepared> {
  try {
    for (const [index, value] of values.entries()) {
      await client.query('SELECT set_config($1, $2, false)', [settingOf(index + 1), value])
    }
    // A prepared statement, because it rejects a text with two statements.
    const statement = { text: `${sql} LIMIT 0`, queryMode: 'extended' }
    const { fields } = await client.query(statement)
    return { fault: undefined, types: fields.map(({ dataTypeID }) => dataTypeID) }
  } catch (error) {
    const { kind, message } = databaseFailure(error)
    if (kind !== 'missing' && kind !== 'refused' && kind !== 'access-denied') {
      throw new SourceUnavailableError(message, { cause: error })
    }
    const hint = error instanceof pg.DatabaseError && error.hint !== undefined ? ` (${error.hint})` : ''
    return { fault: `${message}${hint}`, types: [] }
  }
}
