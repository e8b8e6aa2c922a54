// Lets transactions commit without waiting for the disk, and then waits for the disk once for all of them.
import { type Database, Prisma } from './client.ts'

/**
 * SQL for a SELECT list: the transaction of the statement commits before its log is on disk. Without it, a writer of the
 * audit trail holds the lock on the head while the disk writes, and all other writers wait.
 *
 * Nothing is lost silently: the log is written in order, so after a crash of the server a transaction is there only if all
 * earlier ones are. But call {@link createFlush}'s function before an answer or an action relies on the commit.
 */
export const FLUSH_LATER = Prisma.sql`set_config('synchronous_commit', 'off', true)`

/**
 * Returns a function that resolves when every transaction that committed before the call is on disk (and on the
 * synchronous standby, if there is one). Calls at the same time share one round trip.
 *
 * It commits a transaction that only writes an empty message into the log. The server flushes the log up to a commit only if
 * the transaction has written something else before it (`RecordTransactionCommit` in Postgres' xact.c): a number alone, from
 * pg_current_xact_id(), is not enough.
 */
export function createFlush(db: Pick<Database, '$queryRaw'>): () => Promise<void> {
  let running: Promise<void> | undefined
  let next: Promise<void> | undefined
  const flush = (): Promise<void> => {
    running = db.$queryRaw`SELECT pg_logical_emit_message(true, 'waybill', '')::text`.then(
      () => {
        running = undefined
      },
      (error: unknown) => {
        running = undefined
        throw error
      },
    )
    return running
  }
  return () => {
    if (running === undefined) return flush()
    // The one that is running may have begun before the commit of this caller.
    next ??= running
      .catch(() => undefined)
      .then(() => {
        next = undefined
        return flush()
      })
    return next
  }
}
