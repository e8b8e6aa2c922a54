// Asks the source's planner how many rows a query will give, and how wide they are.
import type { Database } from '../database/client.ts'
import type { TableQuery } from '../datasets/dataset.ts'
import { sourceError } from './failure.ts'

/**
 * How many rows the planner expects. The server gives up after `timeout` milliseconds, too: behind a lock on a
 * table, a plan that nobody waits for any more would keep its connection from the next.
 *
 * @throws WaybillError SOURCE_*
 */
export async function estimateRows(source: Database, query: TableQuery, timeout: number): Promise<number> {
  try {
    return await source.$transaction(
      async (tx) => {
        await tx.$queryRaw`SELECT set_config('statement_timeout', ${String(timeout)}, true)`
        return (await explain(tx, query)).estimatedRows
      },
      { maxWait: timeout, timeout: 2 * timeout },
    )
  } catch (error) {
    throw sourceError(error)
  }
}

type Plan = readonly [{ readonly 'QUERY PLAN': readonly [{ Plan: { 'Plan Rows': number; 'Plan Width': number } }] }]

/** The planner's guesses. */
export async function explain(database: Pick<Database, '$queryRawUnsafe'>, query: TableQuery) {
  const [row] = await database.$queryRawUnsafe<Plan>(`EXPLAIN (FORMAT JSON) ${query.sql}`, ...query.values)
  const { 'Plan Rows': estimatedRows, 'Plan Width': estimatedRowBytes } = row['QUERY PLAN'][0].Plan
  return { estimatedRows, estimatedRowBytes }
}
