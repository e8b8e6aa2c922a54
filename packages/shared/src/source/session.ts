// The session settings of a read: the values of its query among them.
import type { Database } from '../database/client.ts'
import { settingOf, type TableQuery } from '../datasets/dataset.ts'

export interface Session {
  /** Of the backend that runs the transaction's statements. */
  readonly pid: number
  /** By the source's clock. */
  readonly now: Date
}

/**
 * Sets them for the rest of the transaction. One statement, so one round trip.
 *
 * @param settings by name, as `SET LOCAL` would
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
