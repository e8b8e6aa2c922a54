// Parses the URL of a request, once for the signature and the routing: bucket, key and query parameters.
import type { IncomingMessage } from 'node:http'
import { S3Error } from './errors.ts'

export interface Target {
  /** Decoded. */
  readonly path: string
  /** Empty: none. */
  readonly bucket: string
  /** Empty: none. */
  readonly key: string
  readonly query: ReadonlyMap<string, string>
}

const MAX_KEY_BYTES = 1024

/** @throws S3Error InvalidURI, InvalidArgument, KeyTooLongError */
export function readTarget(url: string): Target {
  const mark = url.indexOf('?')
  const path = decode(mark < 0 ? url : url.slice(0, mark))
  const [start, bucket = '', ...segments] = path.split('/')
  // Clients resolve `.` and `..`, so the path that they send differs from the one that they sign.
  const isRelative = segments.some((segment) => segment === '.' || segment === '..')
  if (start !== '' || isRelative || path.includes('\0')) throw new S3Error('InvalidURI')
  const key = segments.join('/')
  if (Buffer.byteLength(key) > MAX_KEY_BYTES) throw new S3Error('KeyTooLongError')
  return { path, bucket, key, query: readQuery(mark < 0 ? '' : url.slice(mark + 1)) }
}

/**
 * Refuses a parameter that is there twice, and an X-Amz parameter in two spellings: the code that checks the signature
 * and the operation could read different ones.
 */
function readQuery(query: string): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>()
  const seen = new Set<string>()
  for (const pair of query.split('&')) {
    if (pair === '') continue
    const [name = '', ...value] = pair.split('=')
    const decoded = decode(name)
    const identity = /^x-amz-/i.test(decoded) ? decoded.toLowerCase() : decoded
    if (seen.has(identity)) throw new S3Error('InvalidArgument', `The query parameter ${decoded} is given twice.`)
    seen.add(identity)
    parameters.set(decoded, decode(value.join('=')))
  }
  return parameters
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch (error) {
    throw new S3Error('InvalidURI', 'The URL is not valid percent-encoded UTF-8.', { cause: error })
  }
}

/** RFC 3986: everything but the unreserved characters. */
export function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
}

/** Signed links carry `x-amz-*` headers as query parameters. */
export function headerOf(
  request: IncomingMessage,
  query: ReadonlyMap<string, string>,
  name: string,
): string | undefined {
  return (name.startsWith('x-amz-') ? query.get(name) : undefined) ?? request.headersDistinct[name]?.join(',')
}
