// The classification of errors, which decides about retries and messages: one failure has many forms.
import { databaseFailure } from '@waybill/shared/database/failure.ts'
import { rowError } from '@waybill/shared/source/failure.ts'
import { missingVirtualHost, storageError, virtualHostError } from '@waybill/shared/storage/failure.ts'
import { choosePartSize } from '@waybill/shared/storage/part-size.ts'
import { ERRORS, toWaybillError, WaybillError } from '@waybill/shared/vocabulary/errors.ts'
import pg from 'pg'
import { describe, expect, it } from 'vitest'

describe('an error', () => {
  it('has a fitting status, a title and advice for each code', () => {
    for (const [code, { status, title, advice, retryable }] of Object.entries(ERRORS)) {
      expect(status, code).toBeGreaterThanOrEqual(400)
      expect(title, code).toMatch(/^[A-Z].*[^.]$/)
      expect(advice, code).toMatch(/^[A-Z].*\.$/s)
      if (code.endsWith('_DENIED') || code.endsWith('_MISSING')) expect(retryable, code).toBe(false)
      if (code.endsWith('_UNAVAILABLE')) expect(retryable, code).toBe(true)
    }
  })

  it('without a code reveals nothing to callers', () => {
    const secret = new Error('password=hush at /srv/app.ts')
    const error = toWaybillError(secret)
    expect(error).toMatchObject({ code: 'INTERNAL', cause: secret })
    expect(error.message).not.toContain('hush')
  })

  it('with a code is not translated again', () => {
    const error = new WaybillError('SOURCE_TIMEOUT')
    expect(toWaybillError(error)).toBe(error)
    expect(storageError(error)).toBe(error)
  })
})

describe('a failure of S3', () => {
  const failure = (name: string, status?: number) =>
    Object.assign(new Error('said the server'), { name, $metadata: { httpStatusCode: status } })

  it.each([
    [failure('NoSuchBucket', 404), 'STORAGE_BUCKET_MISSING'],
    [failure('AccessDenied', 403), 'STORAGE_ACCESS_DENIED'],
    [failure('SomethingNew', 403), 'STORAGE_ACCESS_DENIED'],
    [failure('NoSuchUpload', 404), 'STORAGE_MISMATCH'],
    [failure('QuotaExceeded', 403), 'STORAGE_FULL'],
    [failure('Whatever', 507), 'STORAGE_UNAVAILABLE'],
    [failure('XMinioStorageFull', 507), 'STORAGE_UNAVAILABLE'],
    [failure('Unknown', 400), 'STORAGE_MISCONFIGURED'],
    [failure('MethodNotAllowed', 405), 'STORAGE_MISCONFIGURED'],
    [failure('BadDigest', 400), 'STORAGE_MISMATCH'],
    [failure('RequestTimeout', 400), 'STORAGE_UNAVAILABLE'],
    [
      Object.assign(new Error('self-signed certificate'), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }),
      'STORAGE_MISCONFIGURED',
    ],
    [Object.assign(new Error('Parse Error'), { code: 'HPE_INVALID_CONSTANT' }), 'STORAGE_MISCONFIGURED'],
    [failure('SlowDown', 503), 'STORAGE_UNAVAILABLE'],
    [failure('InternalError', 500), 'STORAGE_UNAVAILABLE'],
    [Object.assign(new Error('connect ECONNREFUSED'), { syscall: 'connect' }), 'STORAGE_UNAVAILABLE'],
    [Object.assign(new Error('x'), { name: 'TimeoutError' }), 'STORAGE_UNAVAILABLE'],
    [new Error('socket hang up'), 'STORAGE_UNAVAILABLE'],
    [new Error('Exceeded 10000 parts in multipart upload'), 'FILE_TOO_LARGE'],
    [new TypeError('undefined is not a function'), 'INTERNAL'],
  ])('%s', (error, code) => {
    expect(storageError(error)).toMatchObject({ code, cause: error })
  })

  const here = { bucket: 'files', endpoint: 'https://s3.example.com', forcePathStyle: false }

  it('is about virtual hosting when the host name with the bucket does not exist', () => {
    const unknown = (hostname: string) => Object.assign(new Error('getaddrinfo'), { code: 'ENOTFOUND', hostname })
    expect(missingVirtualHost(unknown('files.s3.example.com'), here)).toBe(true)
    expect(missingVirtualHost(unknown('s3.example.com'), here)).toBe(false)
    expect(missingVirtualHost(unknown('files.s3.example.com'), { ...here, forcePathStyle: true })).toBe(false)
    expect(missingVirtualHost(new Error('socket hang up'), here)).toBe(false)
    expect(virtualHostError(undefined)).toMatchObject({
      code: 'STORAGE_MISCONFIGURED',
      message: expect.stringContaining('S3_FORCE_PATH_STYLE=true'),
    })
  })

  it('suggests path style when the bucket seems missing', () => {
    const missing = failure('NoSuchBucket', 404)
    expect(storageError(missing, here).message).toContain('S3_FORCE_PATH_STYLE=true')
    expect(storageError(missing, { ...here, endpoint: undefined }).message).not.toContain('S3_FORCE_PATH_STYLE')
  })

  it('is described without the words that the SDK has for an empty answer, and without host names', () => {
    const message = (name: string, text: string, more = {}) =>
      storageError(Object.assign(new Error(text), { name, $metadata: { httpStatusCode: 403 }, ...more })).message
    expect(message('Unknown', 'UnknownError')).toBe('The storage answered HTTP 403.')
    expect(message('AccessDenied', 'UnknownError')).toBe('The storage answered AccessDenied.')
    const refused = Object.assign(new Error('connect ECONNREFUSED 10.0.0.1:9000'), {
      code: 'ECONNREFUSED',
      syscall: 'connect',
    })
    expect(storageError(refused).message).toBe('The object storage is unavailable: ECONNREFUSED.')
  })
})

describe('a database error without its usual structure', () => {
  it.each([
    [new Error('Connection terminated unexpectedly'), 'unavailable'],
    [new Error('timeout exceeded when trying to connect'), 'unavailable'],
    [new Error('read ECONNRESET'), 'unavailable'],
    [Object.assign(new Error('bad input'), { name: 'PrismaClientValidationError' }), 'refused'],
    [new TypeError('undefined is not a function'), 'other'],
    ['a string', 'other'],
  ])('%s is %s', (error, kind) => {
    expect(databaseFailure(error)).toMatchObject({ kind, sqlState: undefined })
  })
})

describe('a row that Postgres cannot send', () => {
  const columns = [{ name: 'note', kind: 'text' }] as const
  const failure = Object.assign(new pg.DatabaseError('out of memory', 0, 'error'), { code: '54000' })

  it('is named by its number', () => {
    expect(rowError(failure, columns, 41)).toMatchObject({
      code: 'ROW_TOO_LARGE',
      message: 'Postgres cannot send row 42 of the file, which needs more than 1 GiB: out of memory.',
    })
  })

  it('is not blamed for errors of other kinds or before the first row', () => {
    expect(rowError(failure, columns, undefined)).toBeUndefined()
    expect(rowError(new Error('read ECONNRESET'), columns, 41)).toBeUndefined()
  })
})

describe('the parts of an upload', () => {
  const MIB = 1024 ** 2
  it.each([
    ['a small file', 16 * MIB, 0, 16 * MIB],
    ['a file of 10 GB', 16 * MIB, 10 * 1024 ** 3, 16 * MIB],
    ['a file of 100 GB', 16 * MIB, 100 * 1024 ** 3, 103 * MIB],
    ['more than S3 holds', 16 * MIB, 1e18, 525 * MIB],
  ])('of %s are large enough for ten times the guess', (_, smallest, estimate, size) => {
    expect(choosePartSize(smallest, estimate)).toBe(size)
  })
})
