// Maps errors of the source to the codes SOURCE_* and ROW_TOO_LARGE.
import { databaseFailure } from '../database/failure.ts'
import { RowTooLarge } from '../database/row-size.ts'
import { WaybillError } from '../vocabulary/errors.ts'
import type { Column } from '../vocabulary/table.ts'

/** The code of Postgres for text that exceeds its buffers of 1 GiB. */
const PROGRAM_LIMIT_EXCEEDED = '54000'

export function sourceError(error: unknown): WaybillError {
  if (error instanceof WaybillError) return error
  const { kind, sqlState, message } = databaseFailure(error)
  switch (kind) {
    case 'unavailable':
      return new WaybillError('SOURCE_UNAVAILABLE', undefined, { cause: error, isOutage: !endedByServer(sqlState) })
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

/**
 * The error of a row that is too large for the limits or for Postgres; undefined for other errors.
 *
 * @param rows the number of rows read; undefined if the read has not started
 */
export function rowError(
  error: unknown,
  columns: readonly Column[],
  rows: number | undefined,
): WaybillError | undefined {
  if (error instanceof RowTooLarge) {
    const row = `Row ${error.row} of the file`
    const column = error.column === undefined ? undefined : columns[error.column]
    const detail =
      column === undefined
        ? `${row} has more bytes than MAX_ROW_BYTES allows.`
        : `${row} has more bytes in the column "${column.name}" than MAX_CELL_BYTES allows.`
    return new WaybillError('ROW_TOO_LARGE', detail, { cause: error })
  }
  const { sqlState, message } = databaseFailure(error)
  if (rows !== undefined && sqlState === PROGRAM_LIMIT_EXCEEDED) {
    const detail = `Postgres cannot send row ${rows + 1} of the file, which needs more than 1 GiB: ${message}.`
    return new WaybillError('ROW_TOO_LARGE', detail, { cause: error })
  }
  return undefined
}

/**
 * A server that is available has ended this transaction only: a replica whose recovery it disturbed, a deadlock, or the limit
 * for idle transactions. The next attempt may end in the same way, so it counts.
 */
function endedByServer(sqlState: string | undefined): boolean {
  return sqlState !== undefined && (sqlState.startsWith('40') || sqlState === '25P03')
}
