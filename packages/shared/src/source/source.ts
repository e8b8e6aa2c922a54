// Reads one query through a server-side cursor: one snapshot, one plan, one sort, bounded memory.
import { setTimeout as sleep } from 'node:timers/promises'
import { waitOrAbort } from '../async/abort.ts'
import type { Database } from '../database/client.ts'
import type { TableQuery } from '../datasets/dataset.ts'
import type { Page } from '../vocabulary/table.ts'
import { explain } from './estimate.ts'
import { sourceError } from './failure.ts'
import { packRows } from './packed-row.ts'
import { createPageReader, type PageReader, type Transaction } from './pages.ts'

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
  let reader: PageReader | undefined
  const close = async () => {
    signal.removeEventListener('abort', abandon)
    if (reader?.isFetching()) cancelQuery() // a page that nobody will read
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
    const tx = await waitOrAbort(opened.promise, signal)
    const [session] = await waitOrAbort(
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
    const { estimatedRows, estimatedRowBytes } = await waitOrAbort(explain(tx, query), signal)
    const packing = packRows(query)
    await waitOrAbort(
      tx.$executeRawUnsafe(`DECLARE waybill NO SCROLL CURSOR FOR ${packing.sql}`, ...packing.values),
      signal,
    )
    // The sort begins now, while the caller gets ready.
    reader = createPageReader(tx, packing, query.columns, options.pageSize)
    return { snapshotAt: session.now, estimatedRows, estimatedRowBytes, pages: reader.pages(signal), close }
  } catch (error) {
    await close()
    throw signal.aborted ? signal.reason : sourceError(error)
  }
}
