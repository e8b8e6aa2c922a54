// Reads one query through a server-side cursor: one snapshot, one plan, one sort, bounded memory.
import { setTimeout as sleep } from 'node:timers/promises'
import { cellReaders } from './cell.ts'
import type { Database } from './database.ts'
import { databaseFailure } from './database-failure.ts'
import type { TableQuery } from './datasets/dataset.ts'
import { WaybillError } from './errors.ts'
import { type Packing, packRows } from './packed-row.ts'
import type { Cell, Page } from './table.ts'

export interface ReadOptions {
  readonly signal: AbortSignal
  /** Rows of one FETCH at most. */
  readonly pageSize: number
  /** Milliseconds that DECLARE and each FETCH may take. */
  readonly statementTimeout: number
  /** Milliseconds that the source waits for the next FETCH, while the storage is slow. */
  readonly idleTimeout: number
  /** Milliseconds that the snapshot may be held: the whole read. */
  readonly transactionTimeout: number
  /** Postgres' work_mem for the sort, as in `64MB`. */
  readonly workMem: string
}

/** An open cursor. `pages` can be read once; `close` must be called, whatever happened. */
export interface OpenTable {
  /** When the snapshot was taken, by the source's clock. */
  readonly snapshotAt: Date
  /** The planner's guesses. */
  readonly estimatedRows: number
  readonly estimatedRowBytes: number
  readonly pages: AsyncGenerator<Page, void, void>
  close(): Promise<void>
}

/** Rows of the first page: few, as nothing is known yet of how wide they are. */
const FIRST_PAGE_ROWS = 100

/** Characters of a page, about: wide rows come in smaller pages, so that memory stays flat. */
const PAGE_LENGTH = 1_048_576

type Transaction = Parameters<Parameters<Database['$transaction']>[0]>[0]

/** How long `close` waits for the source to give the connection back before it lets go of it. */
const CLOSE_TIMEOUT = 5_000

/**
 * Opens a read-only REPEATABLE READ transaction and declares the cursor in it. Nothing that arrives later is
 * seen, nothing deleted later is missed.
 *
 * @throws WaybillError SOURCE_*; the signal's reason when it aborts
 */
export async function openTable(source: Database, query: TableQuery, options: ReadOptions): Promise<OpenTable> {
  const { signal } = options
  signal.throwIfAborted()
  const opened = Promise.withResolvers<Transaction>()
  opened.promise.catch(() => undefined) // handled below, unless the signal was first
  const finished = Promise.withResolvers<void>()
  const transaction = source
    .$transaction(
      async (tx) => {
        opened.resolve(tx)
        await finished.promise
      },
      { isolationLevel: 'RepeatableRead', maxWait: 10_000, timeout: options.transactionTimeout },
    )
    .catch((error: unknown) => opened.reject(sourceError(error)))
  let backend: number | undefined
  let canceled: Promise<unknown> | undefined
  const cancelQuery = () => {
    if (backend === undefined) return
    // The query may be a sort of minutes: tell the server to stop it. When this cannot be told, the
    // statement's own time limit still ends it.
    canceled ??= source.$queryRaw`SELECT pg_cancel_backend(${backend}::int)`.catch(() => undefined)
  }
  const fetching = { pages: 0 }
  const close = async () => {
    signal.removeEventListener('abort', abandon)
    if (fetching.pages > 0) cancelQuery() // a page that nobody will read
    const closed = (async () => {
      await canceled // the connection goes back to the pool only then: the cancel must not hit its next user
      finished.resolve()
      await transaction
    })()
    await Promise.race([closed, sleep(CLOSE_TIMEOUT, undefined, { ref: false })])
  }
  // Not only when the caller gets round to it: a storage that hangs may keep it, and must not keep the snapshot.
  const abandon = () => {
    cancelQuery()
    void close()
  }
  signal.addEventListener('abort', abandon)

  try {
    const tx = await unlessAborted(opened.promise, signal)
    const [session] = await unlessAborted(
      tx.$queryRaw<[{ pid: number; now: Date }]>`SELECT
        set_config('transaction_read_only', 'on', true) AS read_only,
        set_config('TimeZone', 'UTC', true) AS time_zone,
        set_config('DateStyle', 'ISO, YMD', true) AS date_style,
        set_config('extra_float_digits', '1', true) AS float_digits,
        set_config('cursor_tuple_fraction', '1.0', true) AS cursor_tuple_fraction,
        set_config('work_mem', ${options.workMem}, true) AS work_mem,
        set_config('statement_timeout', ${String(options.statementTimeout)}, true) AS statement_timeout,
        set_config('idle_in_transaction_session_timeout', ${String(options.idleTimeout)}, true) AS idle_timeout,
        pg_backend_pid() AS pid, clock_timestamp() AS now`,
      signal,
    )
    backend = session.pid
    const { estimatedRows, estimatedRowBytes } = await unlessAborted(explain(tx, query), signal)
    const packing = packRows(query)
    await unlessAborted(
      tx.$executeRawUnsafe(`DECLARE waybill NO SCROLL CURSOR FOR ${packing.sql}`, ...packing.values),
      signal,
    )
    // The sort begins now, while the caller gets ready.
    const fetch = (size: number) => fetchPage(tx, size, fetching)
    const first = fetch(Math.min(options.pageSize, FIRST_PAGE_ROWS))
    return {
      snapshotAt: session.now,
      estimatedRows,
      estimatedRowBytes,
      pages: fetchPages(first, fetch, packing, query, options),
      close,
    }
  } catch (error) {
    await close()
    throw signal.aborted ? signal.reason : sourceError(error)
  }
}

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

async function explain(database: Pick<Database, '$queryRawUnsafe'>, query: TableQuery) {
  const [row] = await database.$queryRawUnsafe<Plan>(`EXPLAIN (FORMAT JSON) ${query.sql}`, ...query.values)
  const { 'Plan Rows': estimatedRows, 'Plan Width': estimatedRowBytes } = row['QUERY PLAN'][0].Plan
  return { estimatedRows, estimatedRowBytes }
}

interface Fetching {
  readonly rows: Promise<{ readonly row: string }[]>
  /** How many were asked for: fewer are the last. */
  readonly size: number
}

function fetchPage(tx: Transaction, size: number, fetching: { pages: number }): Fetching {
  fetching.pages += 1
  // Prisma's promises are lazy: without `finally` the query would start only when it is awaited.
  const rows = tx.$queryRawUnsafe<{ row: string }[]>(`FETCH FORWARD ${size} FROM waybill`).finally(() => {
    fetching.pages -= 1
  })
  rows.catch(() => undefined) // an error of a page that nobody awaits any more is not an unhandled one
  return { rows, size }
}

async function* fetchPages(
  first: Fetching,
  fetch: (size: number) => Fetching,
  packing: Packing,
  { columns }: TableQuery,
  { signal, pageSize }: ReadOptions,
): AsyncGenerator<Page, void, void> {
  const readers = cellReaders(columns)
  let next = first
  try {
    for (;;) {
      const { rows: fetched, size } = next
      const rows = await unlessAborted(fetched, signal)
      const last = rows.length < size
      if (!last) next = fetch(Math.max(1, Math.min(pageSize, Math.floor(PAGE_LENGTH / rowLength(rows)))))
      if (rows.length > 0) yield rows.map(({ row }) => readCells(packing.unpack(row), readers))
      if (last) return
    }
  } catch (error) {
    throw signal.aborted ? signal.reason : sourceError(error)
  }
}

/** Characters of a row, on the average of the page; at least 1. */
function rowLength(rows: readonly { readonly row: string }[]): number {
  let length = rows.length
  for (const { row } of rows) length += row.length
  return length / rows.length
}

function readCells(cells: Cell[], readers: ReturnType<typeof cellReaders>): Cell[] {
  for (let index = 0; index < readers.length; index++) {
    const read = readers[index]
    const text = cells[index]
    if (read !== undefined && text != null) cells[index] = read(text)
  }
  return cells
}

/** Settles like the promise, but rejects as soon as the signal aborts: a dead connection answers nothing. */
async function unlessAborted<T>(promise: PromiseLike<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  const aborted = Promise.withResolvers<never>()
  const abort = () => aborted.reject(signal.reason)
  signal.addEventListener('abort', abort)
  try {
    return await Promise.race([promise, aborted.promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

function sourceError(error: unknown): WaybillError {
  if (error instanceof WaybillError) return error
  const { kind, message } = databaseFailure(error)
  switch (kind) {
    case 'unavailable':
      return new WaybillError('SOURCE_UNAVAILABLE', undefined, { cause: error })
    case 'timeout':
      return new WaybillError('SOURCE_TIMEOUT', undefined, { cause: error })
    case 'access-denied':
      return new WaybillError('SOURCE_ACCESS_DENIED', message, { cause: error })
    case 'missing':
      return new WaybillError('SOURCE_TABLE_MISSING', message, { cause: error })
    case 'refused':
    case 'duplicate':
      return new WaybillError('SOURCE_QUERY_FAILED', message, { cause: error })
    case 'other':
      return new WaybillError('INTERNAL', undefined, { cause: error })
  }
}
