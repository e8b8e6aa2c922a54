// Tells what went wrong in S3 from the many shapes in which the SDK and the servers report it.
import { type ErrorCode, WaybillError } from '../vocabulary/errors.ts'

/** Error codes of S3 and of compatible servers, by what they mean. Anything else counts as unavailable. */
const BY_NAME: ReadonlyMap<string, ErrorCode> = new Map([
  ['NoSuchBucket', 'STORAGE_BUCKET_MISSING'],
  ['AccessDenied', 'STORAGE_ACCESS_DENIED'],
  ['AllAccessDisabled', 'STORAGE_ACCESS_DENIED'],
  ['AccountProblem', 'STORAGE_ACCESS_DENIED'],
  ['InvalidAccessKeyId', 'STORAGE_ACCESS_DENIED'],
  ['SignatureDoesNotMatch', 'STORAGE_ACCESS_DENIED'],
  ['ExpiredToken', 'STORAGE_ACCESS_DENIED'],
  ['InvalidToken', 'STORAGE_ACCESS_DENIED'],
  ['CredentialsProviderError', 'STORAGE_ACCESS_DENIED'],
  ['QuotaExceeded', 'STORAGE_FULL'],
  ['XMinioAdminBucketQuotaExceeded', 'STORAGE_FULL'],
  ['EntityTooLarge', 'FILE_TOO_LARGE'],
])

const BY_STATUS: ReadonlyMap<number, ErrorCode> = new Map([
  [401, 'STORAGE_ACCESS_DENIED'],
  [403, 'STORAGE_ACCESS_DENIED'],
  [404, 'STORAGE_MISMATCH'], // an object or upload that must be there is not
  [413, 'FILE_TOO_LARGE'],
])

/** The disk of the server is full. Its operator will free space, so exports wait for it. A quota is not waited for. */
const DISK_FULL: ReadonlySet<string> = new Set(['InsufficientStorage', 'XMinioStorageFull'])

/** lib-storage's words, and S3's to a part number above 10,000: lib-storage counts too late to be always the first. */
const TOO_MANY_PARTS = /^Exceeded \d+ parts|^Part number must be an integer between/

/** The error with a code; one that has a code already passes unchanged. */
export function storageError(error: unknown): WaybillError {
  if (error instanceof WaybillError) return error
  if (!(error instanceof Error)) return new WaybillError('INTERNAL', undefined, { cause: error })
  if (TOO_MANY_PARTS.test(error.message)) return new WaybillError('FILE_TOO_LARGE', undefined, { cause: error })
  const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode
  const isFromStorage = '$metadata' in error || '$fault' in error || 'syscall' in error || isTimeout(error)
  if (status === 507 || DISK_FULL.has(error.name)) {
    const detail = `The object storage is unavailable: its disk is full (${error.name}: ${error.message})`
    return new WaybillError('STORAGE_UNAVAILABLE', detail, { cause: error })
  }
  const code =
    BY_NAME.get(error.name) ??
    (status === undefined ? undefined : BY_STATUS.get(status)) ??
    (isFromStorage ? 'STORAGE_UNAVAILABLE' : 'INTERNAL')
  const detail = code === 'STORAGE_UNAVAILABLE' || code === 'INTERNAL' ? undefined : `${error.name}: ${error.message}`
  return new WaybillError(code, detail, { cause: error })
}

function isTimeout(error: Error): boolean {
  return error.name === 'TimeoutError' || /socket hang up|timed? ?out/i.test(error.message)
}
