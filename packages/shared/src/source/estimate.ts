// Asks the source's planner how many rows a query will give, and how wide they are.
import type { Database, Reader } from '../database/client.ts'
import type { TableQuery } from '../datasets/dataset.ts'
import { sourceError } from './failure.ts'
import { setSession } from './session.ts'

/**
 * How many rows the planner expects. The server gives up after `timeout` milliseconds, too: behind a lock on a
 * table, a plan that is no longer needed would keep its connection from the next.
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
          // The connection goes back to the pool only then: the cancel must not hit its next user.
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

/** The planner's guesses. The values of the query must be set: they count as constants to the planner. */
export async function explain(database: Pick<Database, '$queryRawUnsafe'>, query: TableQuery) {
  const [row] = await database.$queryRawUnsafe<Plan>(`EXPLAIN (FORMAT JSON) ${query.sql}`)
  const { 'Plan Rows': estimatedRows, 'Plan Width': estimatedRowBytes } = row['QUERY PLAN'][0].Plan
  return { estimatedRows, estimatedRowBytes }
}
