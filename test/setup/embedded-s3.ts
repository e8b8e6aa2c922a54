// An embedded S3 server for one suite, a client with the default settings of the SDK, and manually signed requests.
import { createHash, createHmac } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { type IncomingHttpHeaders, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'
import { afterAll, beforeAll } from 'vitest'
import { type EmbeddedS3, startS3 } from '../../apps/standalone/src/s3/embedded-s3.ts'

export const MIB = 1024 ** 2

export interface Suite {
  readonly server: EmbeddedS3
  readonly client: S3Client
  readonly directory: string
  /** The directory of the server's temporary files. */
  readonly temporary: string
}

export function useEmbeddedS3(): Suite {
  let server: EmbeddedS3
  let client: S3Client
  let directory: string
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'waybill-embedded-'))
    server = await startS3({ directory, port: 0, bucket: 'exports', durable: false })
    client = clientOf(server)
  })
  afterAll(async () => {
    client.destroy()
    await server.stop()
    await rm(directory, { recursive: true, force: true })
  })
  return {
    get server() {
      return server
    },
    get client() {
      return client
    },
    get directory() {
      return directory
    },
    get temporary() {
      return join(directory, 'store', server.bucket, 'temporary')
    },
  }
}

export function clientOf(server: EmbeddedS3, config: S3ClientConfig = {}): S3Client {
  const { endpoint, region, accessKeyId, secretAccessKey } = server
  const credentials = { accessKeyId, secretAccessKey }
  return new S3Client({ endpoint, region, forcePathStyle: true, credentials, maxAttempts: 1, ...config })
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** Sends the URL unchanged, unlike fetch, which normalizes it. Rejects without a response, e.g. after a reset. */
export function send(
  url: string,
  options: { method?: string; headers?: Record<string, string>; body?: string | Buffer } = {},
): Promise<Answer> {
  const { method = 'GET', headers = {}, body = '' } = options
  const [, host = '', path = ''] = /^http:\/\/([^/]+)(.*)$/.exec(url) ?? []
  const [hostname, port] = host.split(':')
  const length = method === 'GET' || method === 'HEAD' ? {} : { 'content-length': String(Buffer.byteLength(body)) }
  return new Promise((done, fail) => {
    const sent = request(
      { hostname, port, path, method, agent: false, headers: { ...length, ...headers } },
      (response) =>
        buffer(response).then(
          (bytes) => done({ status: response.statusCode ?? 0, headers: response.headers, body: bytes.toString() }),
          fail,
        ),
    )
    sent.on('error', fail)
    sent.end(body)
  })
}

export interface ToSign {
  readonly method: string
  /** Encoded as in the URL, e.g. `/exports/key`. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly payload: string
  readonly at?: Date
}

export interface Signed {
  readonly headers: Record<string, string>
  /** The signature of the next chunk or trailer of an aws-chunked body. */
  next(algorithm: string, ...hashes: string[]): string
}

/** Signature version 4 in headers. A second implementation, so that the server is not tested with its own code. */
export function sign(server: EmbeddedS3, { method, path, headers, payload, at = new Date() }: ToSign): Signed {
  const date = at.toISOString().replace(/[-:]|\.\d+/g, '')
  const scope = `${date.slice(0, 8)}/${server.region}/s3/aws4_request`
  const all: Record<string, string> = {
    host: `127.0.0.1:${server.port}`,
    'x-amz-content-sha256': payload,
    'x-amz-date': date,
    ...headers,
  }
  const names = Object.keys(all).sort()
  const canonical = [method, path, '', ...names.map((name) => `${name}:${all[name]}`), '', names.join(';'), payload]
  const key = scope.split('/').reduce(hmac, `AWS4${server.secretAccessKey}` as string | Buffer)
  const signatureOf = (...lines: string[]) => hmac(key, lines.join('\n')).toString('hex')
  let last = signatureOf('AWS4-HMAC-SHA256', date, scope, sha256(canonical.join('\n')))
  return {
    headers: {
      ...all,
      authorization: `AWS4-HMAC-SHA256 Credential=${server.accessKeyId}/${scope},SignedHeaders=${names.join(';')},Signature=${last}`,
    },
    next(algorithm, ...hashes) {
      last = signatureOf(algorithm, date, scope, last, ...hashes)
      return last
    },
  }
}

export function sha256(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex')
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}
