// Evaluates the conditional headers and ranges of HTTP as S3 does.
// https://www.rfc-editor.org/rfc/rfc9110#section-13.2.2, https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html

import type { Call } from '../call.ts'
import type { Condition, ObjectInfo } from '../disk/bucket.ts'
import { S3Error } from '../errors.ts'

/** @returns true if the response is 304. @throws S3Error PreconditionFailed */
export function isNotModified(call: Call, { etag, modified }: ObjectInfo): boolean {
  const ifMatch = call.header('if-match')
  const ifNoneMatch = call.header('if-none-match')
  // Last-Modified has whole seconds.
  const seconds = Math.floor(modified / 1000) * 1000
  const since = (name: string) => Date.parse(call.header(name) ?? '')
  // A comparison with a missing or invalid date is false.
  const isRefused = ifMatch === undefined ? seconds > since('if-unmodified-since') : !names(ifMatch, etag)
  if (isRefused) throw new S3Error('PreconditionFailed')
  return ifNoneMatch === undefined ? seconds <= since('if-modified-since') : names(ifNoneMatch, etag)
}

/** For writes, S3 accepts `If-None-Match: *`, and `If-Match` with an ETag. @throws S3Error NotImplemented */
export function writeCondition(call: Call): Condition | undefined {
  const ifMatch = call.header('if-match')
  const ifNoneMatch = call.header('if-none-match')
  if (ifMatch === undefined && ifNoneMatch === undefined) return undefined
  if (ifMatch === '*' || (ifNoneMatch ?? '*') !== '*') throw new S3Error('NotImplemented')
  return (existing) => {
    if (ifMatch !== undefined && existing === undefined) throw new S3Error('NoSuchKey')
    if (ifMatch !== undefined && existing !== undefined && !names(ifMatch, existing.etag)) {
      throw new S3Error('PreconditionFailed')
    }
    if (ifNoneMatch !== undefined && existing !== undefined) throw new S3Error('PreconditionFailed')
  }
}

function names(header: string, etag: string): boolean {
  return header.split(',').some((one) => ['*', etag, `"${etag}"`].includes(one.trim().replace(/^W\//, '')))
}

/** With If-Range, a range is only for the object that the client has a part of. */
export function isRangeWanted(call: Call, { etag, modified }: ObjectInfo): boolean {
  const ifRange = call.header('if-range')
  if (ifRange === undefined) return true
  return ifRange.startsWith('"') ? names(ifRange, etag) : Math.floor(modified / 1000) * 1000 === Date.parse(ifRange)
}

export interface Range {
  readonly start: number
  /** The last byte, not the one after it. */
  readonly end: number
}

/** Undefined: the whole object. S3 also sends it for several ranges, and for an invalid range. @throws S3Error InvalidRange */
export function readRange(header: string | undefined, size: number): Range | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '')
  if (match === null) return undefined
  const [, first = '', last = ''] = match
  if (first === '' && last === '') return undefined
  if (first !== '' && last !== '' && Number(last) < Number(first)) return undefined
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first)
  const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1)
  if (start >= size || (first === '' && Number(last) === 0)) throw new S3Error('InvalidRange')
  return { start, end }
}
