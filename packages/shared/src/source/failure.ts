// What a source that fails means to an export: the SOURCE_* codes.
import { databaseFailure } from '../database/failure.ts'
import { WaybillError } from '../vocabulary/errors.ts'

export function sourceError(error: unknown): WaybillError {
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
