// Owns an embedded S3 server (s3rver) on loopback, its objects on disk: for a laptop and for tests.
//
// Known to differ from S3: `Range: bytes=-n` and `bytes=0-0` give other bytes than asked for, conditional
// writes are not there, and streams sent in aws-chunked encoding are refused (it would store the framing).
import { randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import S3rver from 's3rver'
import account from 's3rver/lib/models/account.js'
import { freePort } from '../free-port.ts'
import { type Credentials, isSigned } from './signature.ts'
import { S3Store } from './store.ts'
import type { OpenUpload } from './uploads.ts'

export interface S3Options {
  /** Everything lives in here; made if missing. State survives a restart on the same directory. */
  readonly directory: string
  /** Taken if it is free; else any free one. 0: any. Default 4568. */
  readonly port?: number
  /** Made if missing. */
  readonly bucket: string
}

export interface EmbeddedS3 extends Credentials {
  /** With `forcePathStyle`: the bucket is not in the host name. */
  readonly endpoint: string
  readonly region: string
  readonly bucket: string
  readonly port: number
  /** Ends what is under way after a second, and idle connections at once. */
  stop(): Promise<void>
}

const USUAL_PORT = 4568
/** s3rver knows no other; its continuation tokens contain it. */
const REGION = 'us-east-1'
const ACCESS_KEY_ID = 'waybill'
const TRIES = 5

export async function startS3(options: S3Options): Promise<EmbeddedS3> {
  const directory = resolve(options.directory)
  await mkdir(directory, { recursive: true })
  const credentials = { accessKeyId: ACCESS_KEY_ID, secretAccessKey: await secretIn(directory) }
  account.DUMMY_ACCOUNT.createKeyPair(credentials.accessKeyId, credentials.secretAccessKey)

  const buckets = join(directory, 'buckets')
  const s3rver = new S3rver({
    directory: buckets,
    silent: true,
    vhostBuckets: false,
    configureBuckets: [{ name: options.bucket }],
  })
  const store = new S3Store(buckets)
  s3rver.store = s3rver.context.store = store
  await s3rver.configureBuckets()
  const next = s3rver.callback()
  const server = createServer((request, response) => void handle(request, response, { credentials, store, next }))
  const port = await listen(server, options.port ?? USUAL_PORT)

  let stopping: Promise<void> | undefined
  const stop = async () => {
    const closed = new Promise<void>((done) => server.close(() => done()))
    await Promise.race([closed, sleep(1000, undefined, { ref: false })])
    server.closeAllConnections()
    await closed
    s3rver.logger.close()
  }
  return {
    ...credentials,
    endpoint: `http://127.0.0.1:${port}`,
    region: REGION,
    bucket: options.bucket,
    port,
    stop: () => (stopping ??= stop()),
  }
}

/** Kept, so that links signed before a restart are still good after it. */
async function secretIn(directory: string): Promise<string> {
  const file = join(directory, 'secret-access-key')
  try {
    await writeFile(file, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600, flag: 'wx' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  return (await readFile(file, 'utf8')).trim()
}

async function listen(server: Server, preferred: number): Promise<number> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort(attempt === 1 ? preferred : 0)
    try {
      await new Promise<void>((done, fail) => {
        server.once('error', fail)
        server.listen({ port, host: '127.0.0.1' }, () => {
          server.off('error', fail)
          done()
        })
      })
      return port
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || attempt === TRIES) throw error
    }
  }
}

interface Handling {
  readonly credentials: Credentials
  readonly store: S3Store
  readonly next: (request: IncomingMessage, response: ServerResponse) => Promise<void>
}

/** What s3rver lacks, in front of it. */
async function handle(request: IncomingMessage, response: ServerResponse, handling: Handling): Promise<void> {
  try {
    const url = new URL(request.url ?? '/', 'http://s3')
    const path = decodeURIComponent((request.url ?? '/').split('?', 1)[0] ?? '/')
    const [, bucket = '', ...key] = path.split('/')
    if (!isSigned(request, handling.credentials)) {
      refuse(response, 403, 'SignatureDoesNotMatch', 'The request is not signed, or not with the key of this server.')
    } else if ([bucket, ...key].some((segment) => segment === '..' || segment === '.') || path.includes('\0')) {
      refuse(response, 400, 'InvalidURI', 'The key would lead out of its bucket.')
    } else if (request.headers['content-encoding']?.includes('aws-chunked')) {
      refuse(response, 501, 'NotImplemented', 'The embedded S3 server does not take aws-chunked bodies.')
    } else if (request.method === 'DELETE' && url.searchParams.has('uploadId')) {
      await handling.store.abortUpload(bucket, url.searchParams.get('uploadId') ?? '')
      response.writeHead(204).end()
    } else if (request.method === 'GET' && key.join('/') === '' && url.searchParams.has('uploads')) {
      const prefix = url.searchParams.get('prefix') ?? ''
      answerUploads(response, bucket, prefix, await handling.store.listUploads(bucket, prefix))
    } else {
      await handling.next(request, response)
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const known = error instanceof URIError ? 400 : code === 'NoSuchUpload' ? 404 : 500
    refuse(response, known, known === 404 ? 'NoSuchUpload' : known === 400 ? 'InvalidURI' : 'InternalError', message)
  }
}

function refuse(response: ServerResponse, status: number, code: string, message: string): void {
  if (response.headersSent) return void response.destroy()
  // The body of a refused upload is not read, so the connection cannot be used for another request.
  response.writeHead(status, { 'content-type': 'application/xml', connection: 'close' })
  response.end(`${XML}<Error><Code>${code}</Code><Message>${escapeXml(message)}</Message></Error>`)
}

function answerUploads(response: ServerResponse, bucket: string, prefix: string, uploads: readonly OpenUpload[]): void {
  const items = uploads.map(
    ({ key, uploadId, initiated }) =>
      `<Upload><Key>${escapeXml(key)}</Key><UploadId>${uploadId}</UploadId>` +
      `<Initiated>${initiated.toISOString()}</Initiated></Upload>`,
  )
  response.writeHead(200, { 'content-type': 'application/xml' })
  response.end(
    `${XML}<ListMultipartUploadsResult><Bucket>${bucket}</Bucket><Prefix>${escapeXml(prefix)}</Prefix>` +
      `<IsTruncated>false</IsTruncated>${items.join('')}</ListMultipartUploadsResult>`,
  )
}

const XML = '<?xml version="1.0" encoding="UTF-8"?>\n'

function escapeXml(text: string): string {
  return text.replace(/[<>&'"\r\n\t]/g, (character) => `&#${character.charCodeAt(0)};`)
}
