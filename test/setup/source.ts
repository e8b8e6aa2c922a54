// Reads tables like the product, and observes the sessions of the source's server.
import { setTimeout as sleep } from 'node:timers/promises'
import { createReader, type Reader } from '@waybill/shared/database/client.ts'
import type { TableQuery } from '@waybill/shared/datasets/dataset.ts'
import { readRows } from '@waybill/shared/formats/rows.ts'
import { openTable, type ReadOptions } from '@waybill/shared/source/source.ts'
import type { Row } from '@waybill/shared/vocabulary/table.ts'
import { afterAll, beforeAll } from 'vitest'
import { createTestDatabase, withClient } from './database.ts'

/** The application name of the source's sessions in pg_stat_activity. */
const SOURCE_NAME = 'test-source'

export const createSource = (url: string, connections = 3): Reader =>
  createReader({ url, name: SOURCE_NAME, connections, connectTimeout: 5_000, queryTimeout: 60_000 })

/** Creates a database, and a source that reads it, for all tests of a file. Call it at the top of the file. */
export function useSource(): { readonly url: string; readonly source: Reader } {
  const made: { url: string; source?: Reader; drop?: () => Promise<void> } = { url: '' }
  beforeAll(async () => {
    const database = await createTestDatabase()
    Object.assign(made, { url: database.url, source: createSource(database.url), drop: () => database.drop() })
  })
  afterAll(async () => {
    await made.source?.$disconnect()
    await made.drop?.()
  })
  return made as { url: string; source: Reader }
}

export const readOptions = (options: Partial<ReadOptions> = {}): ReadOptions => ({
  signal: new AbortController().signal,
  maxRows: 1_000_000,
  statementTimeout: 20_000,
  transactionTimeout: 60_000,
  idleTimeout: 60_000,
  workMem: '16MB',
  ...options,
})

/** Reads every row, and calls `afterFirstChunk` once. */
export async function readTable(
  source: Reader,
  query: TableQuery,
  options: Partial<ReadOptions> = {},
  afterFirstChunk: () => Promise<unknown> = async () => undefined,
): Promise<Row[]> {
  const table = await openTable(source, query, readOptions(options))
  let isFirst = true
  async function* watched() {
    for await (const chunk of table.chunks) {
      if (isFirst) await afterFirstChunk()
      isFirst = false
      yield chunk
    }
  }
  try {
    return await readRows(query.columns, watched())
  } finally {
    await table.close()
  }
}

/** A query with one text column. */
export const textQuery = (sql: string, values: readonly string[] = []): TableQuery => ({
  sql,
  values,
  columns: [{ name: 'c0', kind: 'text' }],
})

export interface Session {
  readonly pid: number
  readonly state: string
  /** The event that the session waits for. */
  readonly waitEvent: string | null
}

/** The sessions of the source that are not idle. */
export async function busySessions(url: string): Promise<Session[]> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<Session>(
      `SELECT pid, state, wait_event AS "waitEvent" FROM pg_stat_activity
       WHERE datname = current_database() AND application_name = $1 AND state <> 'idle'`,
      [SOURCE_NAME],
    )
    return rows
  })
}

/** Waits until the source runs a query. */
export async function untilActive(url: string): Promise<Session> {
  for (;;) {
    const active = (await busySessions(url)).find(({ state }) => state === 'active')
    if (active !== undefined) return active
    await sleep(20)
  }
}

/** Milliseconds until all sessions of the source are idle, outside of a transaction. */
export async function idleAfter(url: string, timeoutMs = 60_000): Promise<number> {
  const startedAt = performance.now()
  while ((await busySessions(url)).length > 0 && performance.now() - startedAt < timeoutMs) await sleep(20)
  return performance.now() - startedAt
}
