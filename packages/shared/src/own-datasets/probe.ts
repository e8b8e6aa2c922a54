// Asks the source database what it makes of a statement, without reading a row.
import pg from 'pg'
import { databaseFailure } from '../database/failure.ts'

/** The source cannot say: it is away, busy, or lets nobody in. Nothing is known of the datasets then. */
export class SourceUnavailableError extends Error {
  override readonly name = 'SourceUnavailableError'
}

/** Milliseconds that the source may take to let us in, and for one statement: it may wait for a lock. */
const TIMEOUT = 5_000

/** Read-only, and ended whatever happens. @throws SourceUnavailableError */
export async function withSource<T>(url: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'waybill-dataset-check',
    options: '-c TimeZone=UTC -c default_transaction_read_only=on',
    connectionTimeoutMillis: TIMEOUT,
    statement_timeout: TIMEOUT,
    query_timeout: 2 * TIMEOUT,
  })
  // A lost connection also rejects the query that waits for it; unheard, it ends the process.
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
  /** OIDs of the columns' types. */
  readonly types: readonly number[]
}

/** Reads nothing, but is also refused when we may not read. @throws SourceUnavailableError */
export async function prepare(client: pg.Client, sql: string, values: string[] = []): Promise<Prepared> {
  try {
    // As a prepared statement also without values: two statements in one text are refused.
    const statement = { text: `${sql} LIMIT 0`, values, queryMode: 'extended' }
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
