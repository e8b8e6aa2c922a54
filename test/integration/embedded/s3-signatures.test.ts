// The embedded S3 server refuses requests that differ from their signature or have expired.
import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { GetObjectCommand, HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { beforeAll, describe, expect, test } from 'vitest'
import { clientOf, type Signed, send, sha256, sign, useEmbeddedS3 } from '../../setup/embedded-s3.ts'

const suite = useEmbeddedS3()
const KEY = 'signed'

beforeAll(async () => {
  await suite.client.send(new PutObjectCommand({ Bucket: suite.server.bucket, Key: KEY, Body: 'hello' }))
})

const link = (options: { expiresIn?: number; signingDate?: Date } = {}) =>
  getSignedUrl(suite.client, new GetObjectCommand({ Bucket: suite.server.bucket, Key: KEY }), {
    expiresIn: 60,
    ...options,
  })
const ago = (seconds: number) => new Date(Date.now() - seconds * 1000)

describe('a signed link', () => {
  test('opens its object', async () => {
    expect(await send(await link())).toMatchObject({ status: 200, body: 'hello' })
  })

  test('is refused once it has expired', async () => {
    const answer = await send(await link({ expiresIn: 5, signingDate: ago(10) }))
    expect(answer).toMatchObject({ status: 403 })
    expect(answer.body).toContain('<Code>AccessDenied</Code><Message>Request has expired</Message>')
  })

  test.each<[string, (query: string) => string]>([
    ['a second expiry in small letters', (query) => `${query}&x-amz-expires=86400`],
    ['a second expiry in front', (query) => `&X-Amz-Expires=86400&${query}`],
    ['a second expiry behind another question mark', (query) => `${query}?&X-Amz-Expires=86400&x-amz-expires=86400`],
    ['a second expiry whose name is encoded', (query) => `${query}&X-Amz-Expire%73=86400`],
    ['an expiry in small letters in its place', (query) => query.replace('X-Amz-Expires', 'x-amz-expires')],
    ['another expiry', (query) => query.replace('X-Amz-Expires=5', 'X-Amz-Expires=86400')],
    ['another date', (query) => query.replace(/X-Amz-Date=\w+/, `X-Amz-Date=${isoDate(new Date())}`)],
    ['a second date', (query) => `${query}&X-Amz-Date=${isoDate(new Date())}`],
    ['a second date in small letters', (query) => `${query}&x-amz-date=${isoDate(new Date())}`],
    ['no expiry', (query) => query.replace('&X-Amz-Expires=5', '')],
  ])('that has expired stays invalid with %s', async (_, bend) => {
    const [path = '', query = ''] = (await link({ expiresIn: 5, signingDate: ago(60) })).split('?')
    const answer = await send(`${path}?${bend(query)}`)
    expect([400, 403]).toContain(answer.status)
    expect(answer.body).not.toContain('hello')
  })

  test.each<[string, (url: string) => string, Record<string, string>?]>([
    ['another path', (url) => url.replace(KEY, 'other')],
    ['a path that leads back to the object', (url) => url.replace(`/${KEY}`, `/x/../${KEY}`)],
    ['another signature', (url) => url.replace(/X-Amz-Signature=./, 'X-Amz-Signature=z')],
    ['a longer signature', (url) => `${url.replace(/(X-Amz-Signature=\w+)/, '$1zz')}`],
    ['no signature', (url) => url.replace(/&X-Amz-Signature=\w+/, '')],
    ['another region', (url) => url.replace('us-east-1', 'eu-west-1')],
    ['another access key', (url) => url.replace('=waybill', '=someone')],
    ['another host', (url) => url, { host: 'example.com' }],
    ['an additional parameter', (url) => `${url}&response-content-type=text%2Fhtml`],
    ['a header that is not signed', (url) => url, { 'x-amz-meta-a': 'b' }],
    ['a second signature in a header', (url) => url, { authorization: 'AWS4-HMAC-SHA256 Credential=a' }],
    ['a broken encoding', (url) => `${url}&x=%zz`],
  ])('with %s is refused', async (_, bend, headers = {}) => {
    const answer = await send(bend(await link()), { headers })
    expect([400, 403]).toContain(answer.status)
    expect(answer.body).not.toContain('hello')
  })

  test.each(['PUT', 'DELETE', 'POST', 'HEAD', 'OPTIONS'])('does not allow %s', async (method) => {
    expect((await send(await link(), { method })).status).toBe(403)
  })

  test('with a future date, or valid for longer than seven days, is refused', async () => {
    expect((await send(await link({ signingDate: ago(-3600) }))).status).toBe(403)
    const [path, query = ''] = (await link()).split('?')
    expect((await send(`${path}?${query.replace('Expires=60', 'Expires=604801')}`)).status).toBe(403)
  })

  test('uploads an object with the signed metadata', async () => {
    const where = { Bucket: suite.server.bucket, Key: 'by-link' }
    const client = clientOf(suite.server, { requestChecksumCalculation: 'WHEN_REQUIRED' })
    const command = new PutObjectCommand({ ...where, Metadata: { 'export-id': 'x' } })
    const url = await getSignedUrl(client, command, { expiresIn: 60, unhoistableHeaders: new Set() })
    expect((await send(url, { method: 'PUT', body: 'uploaded' })).status).toBe(200)
    const { Metadata, ContentLength } = await client.send(new HeadObjectCommand(where))
    expect([Metadata, ContentLength]).toEqual([{ 'export-id': 'x' }, 8])
  })
})

describe('a signature in headers', () => {
  const path = '/exports/by-header'
  const url = () => `${suite.server.endpoint}${path}`
  const signed = (body: string, changes: { headers?: Record<string, string>; at?: Date } = {}) =>
    sign(suite.server, { method: 'PUT', path, headers: {}, payload: sha256(body), ...changes }).headers

  test('is accepted', async () => {
    expect((await send(url(), { method: 'PUT', headers: signed('body'), body: 'body' })).status).toBe(200)
  })

  test.each<[string, number, string, () => Parameters<typeof send>[1] & object]>([
    ['of another body', 400, 'XAmzContentSHA256Mismatch', () => ({ headers: signed('body'), body: 'BODY' })],
    [
      'with another payload hash',
      403,
      'SignatureDoesNotMatch',
      () => ({ headers: { ...signed('body'), 'x-amz-content-sha256': sha256('BODY') }, body: 'BODY' }),
    ],
    [
      'with a payload hash that was replaced by UNSIGNED-PAYLOAD',
      403,
      'SignatureDoesNotMatch',
      () => ({ headers: { ...signed('body'), 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }, body: 'BODY' }),
    ],
    [
      'for another host',
      403,
      'SignatureDoesNotMatch',
      () => ({ headers: { ...signed('body'), host: 'evil' }, body: 'body' }),
    ],
    [
      'with a header that is not signed',
      403,
      'AccessDenied',
      () => ({ headers: { ...signed('body'), 'x-amz-meta-a': 'b' }, body: 'body' }),
    ],
    [
      'with a changed header',
      403,
      'SignatureDoesNotMatch',
      () => ({
        headers: { ...signed('body', { headers: { 'x-amz-meta-a': 'b' } }), 'x-amz-meta-a': 'c' },
        body: 'body',
      }),
    ],
    [
      'of 16 minutes ago',
      403,
      'RequestTimeTooSkewed',
      () => ({ headers: signed('body', { at: ago(960) }), body: 'body' }),
    ],
    [
      'in the future',
      403,
      'RequestTimeTooSkewed',
      () => ({ headers: signed('body', { at: ago(-960) }), body: 'body' }),
    ],
    [
      'with a wrong checksum',
      400,
      'BadDigest',
      () => ({ headers: signed('body', { headers: { 'x-amz-checksum-crc32': 'AAAAAA==' } }), body: 'body' }),
    ],
    [
      'with a wrong Content-MD5',
      400,
      'BadDigest',
      () => ({ headers: { ...signed('body'), 'content-md5': '1B2M2Y8AsgTpgAmY7PhCfg==' }, body: 'body' }),
    ],
    ['with no signature', 403, 'AccessDenied', () => ({ body: 'body' })],
    ['that is malformed', 400, 'AuthorizationHeaderMalformed', () => ({ headers: { authorization: 'Basic eA==' } })],
  ])('%s is refused, and writes nothing', async (_, status, code, options) => {
    const client = suite.client
    await client.send(new PutObjectCommand({ Bucket: suite.server.bucket, Key: 'by-header', Body: 'before' }))
    const answer = await send(url(), { method: 'PUT', ...options() })
    expect(answer.status).toBe(status)
    expect(answer.body).toContain(`<Code>${code}</Code>`)
    const got = await client.send(new GetObjectCommand({ Bucket: suite.server.bucket, Key: 'by-header' }))
    expect(await got.Body?.transformToString()).toBe('before')
  })
})

describe('a body in aws-chunked encoding', () => {
  const path = '/exports/chunked'
  const chunks = ['first chunk, ', 'second chunk']
  const body = chunks.join('')
  const checksum = (text: string) => {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(crc32(text))
    return bytes.toString('base64')
  }
  const EMPTY = sha256('')

  type Parts = { payload: string; lines: (signed: Signed) => string[]; trailer?: boolean; length?: number }
  const put = ({ payload, lines, trailer = true, length = body.length }: Parts) => {
    const signed = sign(suite.server, {
      method: 'PUT',
      path,
      headers: {
        'content-encoding': 'aws-chunked',
        'x-amz-decoded-content-length': String(length),
        ...(trailer ? { 'x-amz-trailer': 'x-amz-checksum-crc32' } : {}),
      },
      payload,
    })
    const sent = lines(signed).join('')
    return send(`${suite.server.endpoint}${path}`, { method: 'PUT', headers: signed.headers, body: sent })
  }
  const frame = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`
  const signedFrame = (signed: Signed, text: string, content = text) =>
    `${text.length.toString(16)};chunk-signature=${signed.next('AWS4-HMAC-SHA256-PAYLOAD', EMPTY, sha256(text))}\r\n${content}${text === '' ? '' : '\r\n'}`

  const UNSIGNED = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER'
  const SIGNED = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD'
  const unsigned = (trailer: string) => () => [...chunks.map(frame), '0\r\n', trailer, '\r\n']
  const signedTrailer = (signed: Signed, sum: string) => {
    const line = `x-amz-checksum-crc32:${sum}`
    return `${line}\r\nx-amz-trailer-signature:${signed.next('AWS4-HMAC-SHA256-TRAILER', sha256(`${line}\n`))}\r\n\r\n`
  }

  const good: [string, Parts][] = [
    ['unsigned, with a trailer', { payload: UNSIGNED, lines: unsigned(`x-amz-checksum-crc32:${checksum(body)}\r\n`) }],
    [
      'signed',
      {
        payload: SIGNED,
        trailer: false,
        lines: (s) => [...[...chunks, ''].map((text) => signedFrame(s, text)), '\r\n'],
      },
    ],
    [
      'signed, with a trailer',
      {
        payload: `${SIGNED}-TRAILER`,
        lines: (s) => [...[...chunks, ''].map((text) => signedFrame(s, text)), signedTrailer(s, checksum(body))],
      },
    ],
  ]
  test.each(good)('%s, is stored decoded', async (_, parts) => {
    expect(await put(parts)).toMatchObject({ status: 200 })
    const got = await suite.client.send(new GetObjectCommand({ Bucket: suite.server.bucket, Key: 'chunked' }))
    expect(await got.Body?.transformToString()).toBe(body)
    expect(got.ContentEncoding).toBeUndefined()
    expect(got.ETag).toBe(`"${createHash('md5').update(body).digest('hex')}"`)
  })

  const bad: [string, string, Parts][] = [
    ['cut off in a chunk', 'IncompleteBody', { payload: UNSIGNED, lines: () => [frame('first chunk, '), 'c\r\nseco'] }],
    ['without the last chunk', 'IncompleteBody', { payload: UNSIGNED, lines: () => chunks.map(frame) }],
    ['without its trailer', 'BadDigest', { payload: UNSIGNED, lines: unsigned('') }],
    ['with a wrong checksum', 'BadDigest', { payload: UNSIGNED, lines: unsigned('x-amz-checksum-crc32:AAAAAA==\r\n') }],
    [
      'shorter than announced',
      'IncompleteBody',
      { payload: UNSIGNED, lines: unsigned(`x-amz-checksum-crc32:${checksum(body)}\r\n`), length: body.length + 1 },
    ],
    ['that is not aws-chunked', 'IncompleteBody', { payload: UNSIGNED, lines: () => [body] }],
    [
      'with a changed chunk',
      'SignatureDoesNotMatch',
      {
        payload: SIGNED,
        trailer: false,
        lines: (s) => [
          signedFrame(s, chunks[0] ?? '', 'FIRST CHUNK, '),
          signedFrame(s, chunks[1] ?? ''),
          signedFrame(s, ''),
          '\r\n',
        ],
      },
    ],
    [
      'with chunks in another order',
      'SignatureDoesNotMatch',
      {
        payload: SIGNED,
        trailer: false,
        lines: (s) => [...chunks.map((text) => signedFrame(s, text)).reverse(), signedFrame(s, ''), '\r\n'],
      },
    ],
    [
      'with signed chunks and an unsigned trailer',
      'SignatureDoesNotMatch',
      {
        payload: `${SIGNED}-TRAILER`,
        lines: (s) => [
          ...[...chunks, ''].map((text) => signedFrame(s, text)),
          `x-amz-checksum-crc32:${checksum(body)}\r\n\r\n`,
        ],
      },
    ],
  ]
  test.each(bad)('%s, is refused, and writes nothing', async (_, code, parts) => {
    const where = { Bucket: suite.server.bucket, Key: 'chunked' }
    await suite.client.send(new PutObjectCommand({ ...where, Body: 'before' }))
    const answer = await put(parts)
    expect(answer.body).toContain(`<Code>${code}</Code>`)
    const got = await suite.client.send(new GetObjectCommand(where))
    expect(await got.Body?.transformToString()).toBe('before')
  })
})

function isoDate(date: Date): string {
  return date.toISOString().replace(/[-:]|\.\d+/g, '')
}
