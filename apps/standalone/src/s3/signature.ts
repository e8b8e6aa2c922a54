// Checks AWS Signature Version 4 of a request, in its headers or in a presigned link.
//
// s3rver lets unsigned requests pass and never looks at a version 4 signature, so that any page open in a
// browser of this machine could write to the bucket, and a link with a changed key would work.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

/** Expiry and clock skew are not looked at here: s3rver does that. */
export function isSigned(request: IncomingMessage, credentials: Credentials): boolean {
  const [path = '', query = ''] = (request.url ?? '').split('?', 2)
  const parameters = [...new URLSearchParams(query.replaceAll('+', '%2B'))]
  const claim = claimInHeader(request) ?? claimInQuery(new Map(parameters))
  if (claim === undefined || claim.credential.split('/')[0] !== credentials.accessKeyId) return false
  const [, day = '', region = '', service = '', terminator = ''] = claim.credential.split('/')

  const canonicalRequest = [
    request.method,
    path,
    parameters
      .filter(([name]) => name !== 'X-Amz-Signature')
      .map(([name, value]) => `${encode(name)}=${encode(value)}`)
      .sort()
      .join('&'),
    ...claim.signedHeaders.split(';').map((name) => `${name}:${headerValue(request, name)}`),
    '',
    claim.signedHeaders,
    claim.payloadHash,
  ].join('\n')
  const stringToSign = [
    'AWS4-HMAC-SHA256',
    claim.date,
    [day, region, service, terminator].join('/'),
    createHash('sha256').update(canonicalRequest).digest('hex'),
  ].join('\n')

  let key: string | Buffer = `AWS4${credentials.secretAccessKey}`
  for (const step of [day, region, service, terminator]) key = createHmac('sha256', key).update(step).digest()
  const expected = createHmac('sha256', key).update(stringToSign).digest()
  const given = Buffer.from(claim.signature, 'hex')
  return given.length === expected.length && timingSafeEqual(given, expected)
}

interface Claim {
  readonly credential: string
  readonly signedHeaders: string
  readonly signature: string
  readonly date: string
  readonly payloadHash: string
}

function claimInHeader(request: IncomingMessage): Claim | undefined {
  const match = /^AWS4-HMAC-SHA256 Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]+)$/.exec(
    request.headers.authorization ?? '',
  )
  if (match === null) return undefined
  const [, credential = '', signedHeaders = '', signature = ''] = match
  const date = headerValue(request, 'x-amz-date')
  return { credential, signedHeaders, signature, date, payloadHash: headerValue(request, 'x-amz-content-sha256') }
}

function claimInQuery(query: ReadonlyMap<string, string>): Claim | undefined {
  if (query.get('X-Amz-Algorithm') !== 'AWS4-HMAC-SHA256') return undefined
  return {
    credential: query.get('X-Amz-Credential') ?? '',
    signedHeaders: query.get('X-Amz-SignedHeaders') ?? '',
    signature: query.get('X-Amz-Signature') ?? '',
    date: query.get('X-Amz-Date') ?? '',
    payloadHash: query.get('X-Amz-Content-Sha256') ?? 'UNSIGNED-PAYLOAD',
  }
}

function headerValue(request: IncomingMessage, name: string): string {
  const value = request.headers[name]
  return (Array.isArray(value) ? value.join(',') : (value ?? '')).trim().replace(/ +/g, ' ')
}

/** RFC 3986: everything but the unreserved characters. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
}
