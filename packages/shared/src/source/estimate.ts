// Reads the estimate of the source's planner for a query: the number of rows and their width.
import type { Database, Reader } from '../database/client.ts'
import type { TableQuery } from '../datasets/dataset.ts'
import { sourceError } from './failure.ts'
import { setSession } from './session.ts'

/**
 * The estimated number of rows. The server also applies the `timeout` in milliseconds. Otherwise, a query that waits for the
 * lock of a table would keep its connection after the caller has left.
 *
 * @param signal when it aborts, the query is canceled on the server; rejects once the connection is free
 * @throws WaybillError SOURCE_*; the signal's reason
 */
export async function estimateRows(
  source: Reader,
  query: TableQuery,
  timeout: number,
  signal?: AbortSignal,
): Promise<number> {
  try {
    return await source.$transaction(
      async (tx) => {
        const { pid } = await setSession(tx, query, { statement_timeout: String(timeout) })
        signal?.throwIfAborted()
        let canceled: Promise<unknown> | undefined
        const cancel = () => {
          canceled = source.$queryRaw`SELECT pg_cancel_backend(${pid}::int)`.catch(() => undefined)
        }
        signal?.addEventListener('abort', cancel, { once: true })
        try {
          return (await explain(tx, query)).estimatedRows
        } finally {
          signal?.removeEventListener('abort', cancel)
          // The connection returns to the pool only then, so that the cancel cannot hit its next user.
          await canceled
        }
      },
      { maxWait: timeout, timeout: 2 * timeout },
    )
  } catch (error) {
    throw signal?.aborted ? signal.reason : sourceError(error)
  }
}

type Plan = readonly [{ readonly 'QUERY PLAN': readonly [{ Plan: { 'Plan Rows': number; 'Plan Width': number } }] }]

/** The estimates of the planner. The values of the query must be set before, because the planner reads them as constants. */
export async function explain(database: Pick<Database, '$queryRawUnsafe'>, query: TableQuery) {
  const [row] = await database.$queryRawUnsafe<Plan>(`EXPLAIN (FORMAT JSON) ${query.sql}`)
  const { 'Plan Rows': estimatedRows, 'Plan Width': estimatedRowBytes } = row['QUERY PLAN'][0].Plan
  return { estimatedRows, estimatedRowBytes }
}
