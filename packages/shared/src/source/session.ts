// Sets the session settings of a read, including the values of its query.
import type { Database } from '../database/client.ts'
import { settingOf, type TableQuery } from '../datasets/dataset.ts'

export interface Session {
  /** The process id of the backend that runs the transaction. */
  readonly pid: number
  /** By the clock of the source. */
  readonly now: Date
}

/**
 * Sets the settings for the rest of the transaction, in one statement and one round trip.
 *
 * @param settings by name, as for `SET LOCAL`
 */
export async function setSession(
  tx: Pick<Database, '$queryRawUnsafe'>,
  query: TableQuery,
  settings: Readonly<Record<string, string>>,
): Promise<Session> {
  const values: string[] = []
  const bound = query.values.map((value, index): [string, string] => [settingOf(index + 1), value])
  const expressions = [...Object.entries(settings), ...bound].map(
    ([name, value]) => `set_config('${name}', $${values.push(value)}, true)`,
  )
  const sql = `SELECT pg_backend_pid() AS pid, clock_timestamp() AS now, length(concat(${expressions.join(', ')}))`
  const [session] = await tx.$queryRawUnsafe<[Session]>(sql, ...values)
  return session
}
