// An HTTP server that answers like S3 and STS, keeps the headers of each request, and can leave out what servers leave out.
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

export interface Recorded {
  readonly method: string
  readonly url: URL
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface RecordingS3 {
  readonly endpoint: string
  readonly requests: Recorded[]
  /** The requests that make an object or begin an upload. */
  making(): Recorded[]
  /** What the server says about ETags; undefined: nothing. */
  etags: { complete: string | undefined; head: string | undefined }
  /** Added to the length that HEAD names. */
  lengthError: number
  close(): Promise<void>
}

const xml = (name: string, content: string) => `<?xml version="1.0" encoding="UTF-8"?>\n<${name}>${content}</${name}>`

/** In an hour. */
const assumedRole = () =>
  xml(
    'AssumeRoleResponse',
    `<AssumeRoleResult><Credentials><AccessKeyId>ASSUMED</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>
    <SessionToken>token-of-the-role</SessionToken><Expiration>${new Date(Date.now() + 3_600_000).toISOString()}</Expiration>
    </Credentials></AssumeRoleResult>`,
  )

export async function startRecordingS3(): Promise<RecordingS3> {
  const requests: Recorded[] = []
  const lengths = new Map<string, number>()
  const etags: RecordingS3['etags'] = { complete: '"made"', head: '"made"' }
  const state = { lengthError: 0 }
  const etagHeader = (etag: string | undefined) => (etag === undefined ? {} : { etag })
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '', `http://${request.headers.host}`)
    const method = request.method ?? ''
    const bytes = await buffer(request)
    requests.push({ method, url, headers: request.headers, body: bytes.toString('latin1') })
    const key = url.pathname
    const length = () => lengths.get(key) ?? 0
    if (url.pathname === '/' && method === 'POST') response.end(assumedRole())
    else if (method === 'POST' && url.searchParams.has('uploads')) {
      lengths.set(key, 0)
      response.end(xml('InitiateMultipartUploadResult', '<UploadId>upload</UploadId>'))
    } else if (method === 'PUT') {
      lengths.set(key, (url.searchParams.has('partNumber') ? length() : 0) + bytes.length)
      response
        .writeHead(200, url.searchParams.has('partNumber') ? { etag: '"part"' } : etagHeader(etags.complete))
        .end()
    } else if (method === 'POST') {
      const etag = etags.complete === undefined ? '' : `<ETag>${etags.complete.replaceAll('"', '&quot;')}</ETag>`
      response.end(xml('CompleteMultipartUploadResult', etag))
    } else if (method === 'HEAD') {
      const contentLength = { 'content-length': String(length() + state.lengthError) }
      response.writeHead(200, { ...contentLength, ...etagHeader(etags.head) }).end()
    } else response.writeHead(method === 'DELETE' ? 204 : 200).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    making: () =>
      requests.filter(
        ({ method, url }) =>
          (method === 'PUT' && !url.searchParams.has('partNumber')) ||
          (method === 'POST' && url.searchParams.has('uploads')),
      ),
    etags,
    get lengthError() {
      return state.lengthError
    },
    set lengthError(bytes) {
      state.lengthError = bytes
    },
    async close() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}
