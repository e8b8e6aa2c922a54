// Reads with the reader of the product, and observes the sessions in the source.
import { setTimeout as sleep } from 'node:timers/promises'
import { createDatabase, type Database } from '@waybill/shared/database/client.ts'
import type { TableQuery } from '@waybill/shared/datasets/dataset.ts'
import { openTable, type ReadOptions } from '@waybill/shared/source/source.ts'
import type { Row } from '@waybill/shared/vocabulary/table.ts'
import { afterAll, beforeAll } from 'vitest'
import { createTestDatabase, withClient } from './database.ts'

/** Shown in pg_stat_activity. */
export const SOURCE_NAME = 'test-source'

export const createSource = (url: string, connections = 3): Database =>
  createDatabase({ url, name: SOURCE_NAME, connections, connectTimeout: 5_000, queryTimeout: 60_000 })

/** A database and a source that reads it, for all tests of a file. Call it at the top of the file. */
export function useSource(): { readonly url: string; readonly source: Database } {
  const made: { url: string; source?: Database; drop?: () => Promise<void> } = { url: '' }
  beforeAll(async () => {
    const database = await createTestDatabase()
    Object.assign(made, { url: database.url, source: createSource(database.url), drop: () => database.drop() })
  })
  afterAll(async () => {
    await made.source?.$disconnect()
    await made.drop?.()
  })
  return made as { url: string; source: Database }
}

export const readOptions = (options: Partial<ReadOptions> = {}): ReadOptions => ({
  signal: new AbortController().signal,
  pageSize: 100,
  statementTimeout: 20_000,
  transactionTimeout: 60_000,
  idleTimeout: 60_000,
  workMem: '16MB',
  ...options,
})

/** Every row; calls back once, after the first page. */
export async function readTable(
  source: Database,
  query: TableQuery,
  options: Partial<ReadOptions> = {},
  afterFirstPage: () => Promise<unknown> = async () => undefined,
): Promise<Row[]> {
  const table = await openTable(source, query, readOptions(options))
  const rows: Row[] = []
  try {
    for await (const page of table.pages) {
      if (rows.length === 0) await afterFirstPage()
      rows.push(...page)
    }
  } finally {
    await table.close()
  }
  return rows
}

/** One text column. */
export const textQuery = (sql: string, values: readonly string[] = []): TableQuery => ({
  sql,
  values,
  columns: [{ name: 'c0', kind: 'text' }],
})

export interface Session {
  readonly pid: number
  readonly state: string
}

/** What the source's sessions that are not at rest are doing. */
export async function busySessions(url: string): Promise<Session[]> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<Session>(
      `SELECT pid, state FROM pg_stat_activity
       WHERE datname = current_database() AND application_name = $1 AND state <> 'idle'`,
      [SOURCE_NAME],
    )
    return rows
  })
}

/** Waits until the source is at work on something that takes time. */
export async function untilActive(url: string): Promise<Session> {
  for (;;) {
    const active = (await busySessions(url)).find(({ state }) => state === 'active')
    if (active !== undefined) return active
    await sleep(20)
  }
}

/** Milliseconds until nothing of the source is at work or holds a transaction open. */
export async function restsAfter(url: string, timeoutMs = 60_000): Promise<number> {
  const startedAt = performance.now()
  while ((await busySessions(url)).length > 0 && performance.now() - startedAt < timeoutMs) await sleep(20)
  return performance.now() - startedAt
}
