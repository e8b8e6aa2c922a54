// An S3 server, run as a separate process, that needs almost no CPU time: it counts the bytes of an object and stores nothing.
// So a benchmark with it measures the worker. With an argument, it takes so many bytes a second at most, of all requests.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { untilSignal } from '../../../packages/shared/src/process/signals.ts'

interface Counted {
  readonly bytes: number
  readonly etag: string
}

const objects = new Map<string, Counted>()
/** The sizes of the parts by the id of their upload. */
const uploads = new Map<string, Map<string, number>>()
let lastId = 0

const bytesPerSecond = Number(process.argv[2] ?? Number.POSITIVE_INFINITY)
/** When the bytes taken so far are due, by performance.now(). */
let dueAt = 0

async function countBytes(request: IncomingMessage): Promise<number> {
  let bytes = 0
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    const now = performance.now()
    dueAt = Math.max(dueAt, now) + (chunk.length / bytesPerSecond) * 1000
    if (dueAt - now < 5) return
    request.pause()
    setTimeout(() => request.resume(), dueAt - now)
  })
  await new Promise((resolve, reject) => request.once('end', resolve).once('error', reject))
  return bytes
}

/** As S3, which answers with the checksum that it has compared with the bytes. */
function checksumHeaders(request: IncomingMessage): Record<string, string> {
  const checksum = request.headers['x-amz-checksum-crc32']
  return typeof checksum === 'string' ? { 'x-amz-checksum-crc32': checksum, 'x-amz-checksum-type': 'FULL_OBJECT' } : {}
}

function answer(
  response: ServerResponse,
  status: number,
  headers: Record<string, string | number> = {},
  body = '',
): void {
  response.writeHead(status, { 'Content-Length': Buffer.byteLength(body), ...headers }).end(body)
}

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost')
  const bytes = await countBytes(request)
  const uploadId = searchParams.get('uploadId') ?? ''
  const etag = `"${++lastId}"`
  switch (request.method) {
    case 'POST':
      if (searchParams.has('uploads')) {
        uploads.set(String(lastId), new Map())
        answer(
          response,
          200,
          {},
          `<InitiateMultipartUploadResult><UploadId>${lastId}</UploadId></InitiateMultipartUploadResult>`,
        )
        return
      }
      objects.set(pathname, { etag, bytes: [...(uploads.get(uploadId)?.values() ?? [])].reduce((a, b) => a + b, 0) })
      uploads.delete(uploadId)
      answer(response, 200, {}, `<CompleteMultipartUploadResult><ETag>${etag}</ETag></CompleteMultipartUploadResult>`)
      return
    case 'PUT':
      if (uploadId === '') objects.set(pathname, { etag, bytes })
      else uploads.get(uploadId)?.set(searchParams.get('partNumber') ?? '', bytes)
      answer(response, 200, { ETag: etag, ...checksumHeaders(request) })
      return
    case 'HEAD': {
      const object = objects.get(pathname)
      // For the bucket or an object.
      if (object === undefined) response.writeHead(200, { 'Content-Length': 0 }).end()
      else response.writeHead(200, { 'Content-Length': object.bytes, ETag: object.etag }).end()
      return
    }
    case 'DELETE':
      objects.delete(pathname)
      answer(response, 204)
      return
    default:
      answer(response, 200, {}, '<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>')
  }
}

const signal = untilSignal()
const server = createServer((request, response) => void handle(request, response).catch(() => response.destroy()))
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const settings = {
  S3_ENDPOINT: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  S3_REGION: 'us-east-1',
  S3_BUCKET: 'waybill-bench',
  S3_FORCE_PATH_STYLE: 'true',
  S3_CHECK_AT_START: 'false',
  S3_ACCESS_KEY_ID: 'bench',
  S3_SECRET_ACCESS_KEY: 'bench-secret-key',
}
process.stdout.write(`${JSON.stringify(settings)}\n`)
await signal
server.close()
server.closeAllConnections()
