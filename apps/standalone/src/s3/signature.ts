// Checks AWS Signature Version 4 of a request, in its headers or in a signed link.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { S3Error } from './errors.ts'
import { encode, headerOf, type Target } from './target.ts'

export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

/** The result of a valid signature. */
export interface Authorization {
  /** The SHA-256 of the body in hex, UNSIGNED-PAYLOAD, or STREAMING-…: a body in aws-chunked encoding. */
  readonly payload: string
  /** Checks the next signature of a body that is signed in chunks. @throws S3Error SignatureDoesNotMatch */
  verifyNext(signature: string, algorithm: string, hashes: readonly string[]): void
}

interface Claim {
  readonly credential: string
  readonly signedHeaders: string
  readonly signature: string
  readonly date: string
  readonly payload: string
  /** In seconds after `date`; undefined for a signature in headers. */
  readonly expires?: string
}

const ALGORITHM = 'AWS4-HMAC-SHA256'
const MAX_SKEW_MS = 15 * 60_000
const MAX_EXPIRES_SECONDS = 7 * 24 * 3600
const QUERY_NAMES = ['Algorithm', 'Credential', 'Date', 'Expires', 'SignedHeaders', 'Signature', 'Content-Sha256'].map(
  (name) => `X-Amz-${name}`,
)

/** @throws S3Error */
export function authorize(request: IncomingMessage, target: Target, credentials: Credentials): Authorization {
  const claim = readClaim(request, target.query)
  const [accessKeyId, ...scope] = claim.credential.split('/')
  const [day = '', region = '', service = '', end] = scope
  if (scope.length !== 4 || end !== 'aws4_request') throw new S3Error('AuthorizationHeaderMalformed')
  if (accessKeyId !== credentials.accessKeyId) throw new S3Error('InvalidAccessKeyId')

  const canonicalRequest = [
    request.method,
    encode(target.path).replaceAll('%2F', '/'),
    canonicalQuery(target.query),
    ...claim.signedHeaders.split(';').map((name) => `${name}:${signedValue(request, name)}`),
    '',
    claim.signedHeaders,
    claim.payload,
  ].join('\n')
  let key = createHmac('sha256', `AWS4${credentials.secretAccessKey}`).update(day).digest()
  for (const step of [region, service, end]) key = createHmac('sha256', key).update(step).digest()
  const verify = (signature: string, algorithm: string, lines: readonly string[]) => {
    const stringToSign = [algorithm, claim.date, scope.join('/'), ...lines].join('\n')
    const expected = createHmac('sha256', key).update(stringToSign).digest()
    const isHex = /^[0-9a-f]{64}$/.test(signature)
    if (!isHex || !timingSafeEqual(Buffer.from(signature, 'hex'), expected)) throw new S3Error('SignatureDoesNotMatch')
  }
  verify(claim.signature, ALGORITHM, [createHash('sha256').update(canonicalRequest).digest('hex')])

  // After the signature, so that a request without a valid one learns nothing about the rest.
  checkTime(claim, day)
  checkSignedHeaders(request, claim)
  let previous = claim.signature
  return {
    payload: claim.payload,
    verifyNext(signature, algorithm, hashes) {
      verify(signature, algorithm, [previous, ...hashes])
      previous = signature
    },
  }
}

function readClaim(request: IncomingMessage, query: ReadonlyMap<string, string>): Claim {
  const header = request.headers.authorization
  const inQuery = [...query.keys()].filter((name) => QUERY_NAMES.some((known) => sameName(known, name)))
  if (header === undefined && inQuery.length === 0) throw new S3Error('AccessDenied', 'The request is not signed.')
  if (header !== undefined && inQuery.length > 0) {
    throw new S3Error('InvalidArgument', 'The request is signed twice: in its Authorization header and in its query.')
  }
  if (header === undefined) {
    if (inQuery.some((name) => !QUERY_NAMES.includes(name))) throw new S3Error('AuthorizationHeaderMalformed')
    const get = (name: string) => query.get(`X-Amz-${name}`) ?? ''
    if (get('Algorithm') !== ALGORITHM) throw new S3Error('AuthorizationHeaderMalformed')
    return {
      credential: get('Credential'),
      signedHeaders: get('SignedHeaders'),
      signature: get('Signature'),
      date: get('Date'),
      expires: get('Expires'),
      payload: get('Content-Sha256') || (headerOf(request, query, 'x-amz-content-sha256') ?? 'UNSIGNED-PAYLOAD'),
    }
  }
  const match = /^AWS4-HMAC-SHA256 Credential=([^,\s]+), ?SignedHeaders=([^,\s]+), ?Signature=([0-9a-f]+)$/.exec(header)
  if (match === null) throw new S3Error('AuthorizationHeaderMalformed')
  const [, credential = '', signedHeaders = '', signature = ''] = match
  const date = signedValue(request, 'x-amz-date')
  return { credential, signedHeaders, signature, date, payload: signedValue(request, 'x-amz-content-sha256') }
}

/** Sorted by name. Names are unique. */
function canonicalQuery(query: ReadonlyMap<string, string>): string {
  return [...query]
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => [encode(name), encode(value)] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map((pair) => pair.join('='))
    .join('&')
}

function checkTime({ date, expires }: Claim, day: string): void {
  const [, ...fields] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date) ?? []
  const [year = 0, month = 0, ...rest] = fields.map(Number)
  const signedAt = Date.UTC(year, month - 1, ...rest)
  if (fields.length === 0 || !date.startsWith(`${day}T`)) throw new S3Error('AuthorizationHeaderMalformed')
  const age = Date.now() - signedAt
  if (age < -MAX_SKEW_MS || (expires === undefined && age > MAX_SKEW_MS)) throw new S3Error('RequestTimeTooSkewed')
  if (expires === undefined) return
  const seconds = Number(expires)
  if (!/^\d+$/.test(expires) || seconds < 1 || seconds > MAX_EXPIRES_SECONDS) {
    throw new S3Error('AuthorizationHeaderMalformed', 'X-Amz-Expires must be between 1 and 604800 seconds.')
  }
  if (age >= seconds * 1000) throw new S3Error('AccessDenied', 'Request has expired')
}

/** The signature must cover the host, and each header that can change the operation. */
function checkSignedHeaders(request: IncomingMessage, { signedHeaders, expires }: Claim): void {
  const signed = new Set(signedHeaders.split(';'))
  const mustBe = Object.keys(request.headers).filter((name) => name.startsWith('x-amz-'))
  // The canonical request contains the value of x-amz-content-sha256 in any case.
  const missing = ['host', ...mustBe].filter((name) => !signed.has(name) && name !== 'x-amz-content-sha256')
  if (missing.length > 0) {
    throw new S3Error('AccessDenied', `These headers are not signed: ${missing.join(', ')}.`)
  }
  if (expires === undefined && !signed.has('x-amz-date')) throw new S3Error('AccessDenied', 'x-amz-date is not signed.')
}

function signedValue(request: IncomingMessage, name: string): string {
  const values = request.headersDistinct[name] ?? []
  return values.map((value) => value.trim().replace(/ +/g, ' ')).join(',')
}

function sameName(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase()
}
