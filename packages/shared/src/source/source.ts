// Reads one query by COPY: one snapshot, one plan, one sort, bounded memory, and rows as bytes.
import { setTimeout as sleep } from 'node:timers/promises'
import { waitOrAbort } from '../async/abort.ts'
import type { Reader } from '../database/client.ts'
import type { CopyOut } from '../database/copy.ts'
import type { RowLimits } from '../database/row-size.ts'
import type { TableQuery } from '../datasets/dataset.ts'
import { WaybillError } from '../vocabulary/errors.ts'
import type { RowChunks } from '../vocabulary/table.ts'
import { explain } from './estimate.ts'
import { rowError, sourceError } from './failure.ts'
import { setSession } from './session.ts'

export interface ReadOptions {
  readonly signal: AbortSignal
  /** The maximum number of rows. */
  readonly maxRows: number
  /** Milliseconds without a byte from the source, while the reader waits for one. */
  readonly statementTimeout: number
  /** Milliseconds that the source may have to wait for the reader. */
  readonly idleTimeout: number
  /** Milliseconds for the whole read, which keeps the snapshot open. */
  readonly transactionTimeout: number
  /** The work_mem of Postgres for the sort, such as `64MB`. */
  readonly workMem: string
  /** Default: rows and cells of any size. */
  readonly rowLimits?: RowLimits
  /** Rows expected by the caller. The planner is not asked then, which saves a round trip and a second plan. */
  readonly expectedRows?: number | undefined
}

/** A running read. Read `chunks` once, and always call `close`. */
export interface OpenTable {
  /** The time of the snapshot, by the clock of the source. */
  readonly snapshotAt: Date
  /** The estimates of the planner; with `expectedRows` these, and 0 bytes for a row: unknown. */
  readonly estimatedRows: number
  readonly estimatedRowBytes: number
  /** @throws WaybillError SOURCE_*, ROW_TOO_LARGE; the signal's reason */
  readonly chunks: RowChunks
  /** The number of rows that `chunks` has yielded. */
  rowCount(): number
  /** Whether there are more rows than `maxRows`; known when `chunks` has ended. */
  isTruncated(): boolean
  close(): Promise<void>
}

/** How long `close` waits for the end of the statement before it closes the connection. */
const CLOSE_TIMEOUT_MS = 5_000

/** The longest interval between two checks of the time limits. */
const WATCH_INTERVAL_MS = 1_000

/**
 * The server closes a connection whose client reads nothing, for example because its process was stopped. Our limit is this much
 * shorter, because its error names the reason.
 */
const SERVER_MARGIN_MS = 5_000

/**
 * Opens a read-only REPEATABLE READ transaction and starts the COPY in it. Later changes of the source are not visible.
 *
 * @throws WaybillError SOURCE_*; the signal's reason when it aborts
 */
export async function openTable(source: Reader, query: TableQuery, options: ReadOptions): Promise<OpenTable> {
  options.signal.throwIfAborted()
  const stalled = new AbortController()
  const signal = AbortSignal.any([options.signal, stalled.signal])
  const opened = Promise.withResolvers<Transaction>()
  opened.promise.catch(() => undefined) // handled below, unless the signal aborts first
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
  let copy: CopyOut | undefined
  let watch: NodeJS.Timeout | undefined
  let canceled: Promise<unknown> | undefined
  const cancelQuery = () => {
    if (backend === undefined) return
    // The query may sort for minutes, so cancel it on the server. If that fails, the statement's own
    // time limit still ends it.
    canceled ??= source.$queryRaw`SELECT pg_cancel_backend(${backend}::int)`.catch(() => undefined)
  }
  const close = async () => {
    signal.removeEventListener('abort', abandon)
    clearInterval(watch)
    if (copy?.isSettled === false) {
      cancelQuery()
      copy.discard()
    }
    const closed = (async () => {
      await canceled // the connection returns to the pool only then, so that the cancel cannot hit its next user
      await copy?.settled
      finished.resolve()
      await transaction
    })()
    const timeout = new AbortController()
    const isLate = sleep(CLOSE_TIMEOUT_MS, true, { ref: false, signal: timeout.signal }).catch(() => false)
    if (await Promise.race([closed.then(() => false), isLate])) {
      // The server handles no cancel while it cannot send, and does not notice a closed connection through a broken network.
      if (copy?.isSettled === false) {
        copy.destroy()
        void source.$queryRaw`SELECT pg_terminate_backend(${backend}::int)`.catch(() => undefined)
      }
      finished.resolve()
    }
    timeout.abort()
  }
  // Closed here and not only by the caller, because a storage that hangs may block the caller.
  const abandon = () => {
    if (copy === undefined) cancelQuery()
    void close()
  }
  signal.addEventListener('abort', abandon)
  const failure = (error: unknown): unknown =>
    signal.aborted ? signal.reason : (rowError(error, query.columns, copy?.rows) ?? sourceError(error))

  try {
    const tx = await waitOrAbort(opened.promise, signal)
    const session = await waitOrAbort(setSession(tx, query, sessionSettings(options)), signal)
    backend = session.pid
    const { expectedRows } = options
    const { estimatedRows, estimatedRowBytes } =
      expectedRows === undefined
        ? await waitOrAbort(explain(tx, query), signal)
        : { estimatedRows: expectedRows, estimatedRowBytes: 0 }
    // The sort starts now, while the caller prepares the upload.
    const running = tx.$copy(query.sql, {
      maxRows: options.maxRows,
      timeoutMs: options.transactionTimeout,
      rowLimits: options.rowLimits,
    })
    copy = running
    watch = watchFor(running, options, (reason) => stalled.abort(reason))
    // Releases the snapshot when it has been read, before the storage has received the rest.
    void running.settled.then(finished.resolve)
    return {
      snapshotAt: session.now,
      estimatedRows,
      estimatedRowBytes,
      chunks: readChunks(running, signal, failure),
      rowCount: () => running.rows,
      isTruncated: () => running.truncated,
      close,
    }
  } catch (error) {
    await close()
    throw failure(error)
  }
}

type Transaction = Parameters<Parameters<Reader['$transaction']>[0]>[0]

function sessionSettings({ statementTimeout, idleTimeout, workMem }: ReadOptions): Record<string, string> {
  return {
    transaction_read_only: 'on',
    TimeZone: 'UTC',
    DateStyle: 'ISO, YMD',
    extra_float_digits: '1',
    work_mem: workMem,
    // For the statements before the COPY, which has a separate limit.
    statement_timeout: String(statementTimeout),
    idle_in_transaction_session_timeout: String(idleTimeout),
    tcp_user_timeout: String(idleTimeout + SERVER_MARGIN_MS),
  }
}

async function* readChunks(
  copy: CopyOut,
  signal: AbortSignal,
  failure: (error: unknown) => unknown,
): AsyncGenerator<Uint8Array, void, void> {
  const chunks = copy[Symbol.asyncIterator]()
  try {
    for (;;) {
      const next = chunks.next()
      next.catch(() => undefined) // if the signal aborted first, nothing waits for it
      const { done, value } = await waitOrAbort(next, signal)
      if (done) return
      yield value
    }
  } catch (error) {
    throw failure(error)
  } finally {
    copy.discard()
  }
}

/** Calls `onStall` when the source has sent nothing, or has had to wait, for too long. */
function watchFor(copy: CopyOut, options: ReadOptions, onStall: (reason: WaybillError) => void): NodeJS.Timeout {
  const { statementTimeout, idleTimeout } = options
  const check = () => {
    if (copy.isSettled) return clearInterval(watch)
    const { isForReader, ms } = copy.waiting
    if (isForReader && ms > idleTimeout) {
      const detail = 'The storage was so slow that the snapshot of the source was given up.'
      onStall(new WaybillError('SOURCE_UNAVAILABLE', detail, { isOutage: false }))
    } else if (!isForReader && ms > statementTimeout) onStall(new WaybillError('SOURCE_TIMEOUT'))
  }
  const watch = setInterval(check, Math.min(WATCH_INTERVAL_MS, statementTimeout / 4, idleTimeout / 4))
  return watch
}
