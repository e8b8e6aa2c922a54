// An HTTP reverse proxy that makes chosen requests fail, and forwards all others unchanged.
import { once } from 'node:events'
import {
  createServer,
  request as forward,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

export interface SeenRequest {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  /** The status of the response, or the fault; undefined while the request is pending. */
  outcome: number | Fault['kind'] | undefined
}

export type Fault =
  /** Reads the body, then sends this response. */
  | {
      readonly kind: 'answer'
      readonly status: number
      readonly body?: string
      readonly headers?: Record<string, string>
    }
  /** Reads at least this many bytes of the body (default: 0), then resets the connection. */
  | { readonly kind: 'reset'; readonly afterBytes?: number }
  /** Reads at least this many bytes of the body (default: all), then neither reads nor answers. */
  | { readonly kind: 'hang'; readonly afterBytes?: number }
  /** The server executes the request, but the connection is reset instead of the response. */
  | { readonly kind: 'lose-answer' }
  /** The server executes the request, but only half of the body of the response arrives, then nothing. */
  | { readonly kind: 'hang-in-answer' }

export interface Rule {
  /** The number of requests with this fault. */
  readonly hits: number
  remove(): void
}

export interface HttpFaultProxy {
  readonly endpoint: string
  /** In the order of their arrival. */
  readonly requests: readonly SeenRequest[]
  /** The number of requests that hang now. */
  readonly hanging: number
  /**
   * Makes matching requests fail: after the first `skip` (default: 0) of them, the next `times` (default: all). If several
   * rules match, the latest applies.
   */
  fail(match: (request: SeenRequest) => boolean, fault: Fault, which?: { skip?: number; times?: number }): Rule
  /** Removes every fault, and resets the requests that hang. */
  restore(): void
  close(): Promise<void>
}

interface ActiveRule extends Rule {
  take(request: SeenRequest): Fault | undefined
}

/** An error response of S3. */
export function s3Error(status: number, code: string): Fault {
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>injected</Message></Error>`
  return { kind: 'answer', status, body }
}

/** Matches the requests of an upload, by their operation. */
export const isUpload = {
  create: ({ method, query }: SeenRequest) => method === 'POST' && query.has('uploads'),
  part: ({ method, query }: SeenRequest) => method === 'PUT' && query.has('partNumber'),
  complete: ({ method, query }: SeenRequest) => method === 'POST' && query.has('uploadId'),
  abort: ({ method, query }: SeenRequest) => method === 'DELETE' && query.has('uploadId'),
  /** A small file in one request. */
  whole: ({ method, query, path }: SeenRequest) => method === 'PUT' && !query.has('partNumber') && !isManifest(path),
  manifest: ({ method, path }: SeenRequest) => method === 'PUT' && isManifest(path),
  head: ({ method }: SeenRequest) => method === 'HEAD',
} as const

const isManifest = (path: string) => path.endsWith('/manifest.json')

/** @param target endpoint of the server, such as `http://127.0.0.1:4568` */
export async function startHttpFaultProxy(target: string): Promise<HttpFaultProxy> {
  const { hostname, port } = new URL(target)
  const rules = new Set<ActiveRule>()
  const requests: SeenRequest[] = []
  const hanging = new Set<ServerResponse>()

  const hang = (response: ServerResponse) => {
    hanging.add(response)
    response.once('close', () => hanging.delete(response))
  }

  const pass = async (request: IncomingMessage, response: ServerResponse, seen: SeenRequest, fault?: Fault) => {
    // The Host header is unchanged, because it is signed. Raw headers keep their order and case.
    const { method = 'GET', url = '/', rawHeaders } = request
    const upstream = forward({ host: hostname, port, method, path: url, headers: rawHeaders, agent: false })
    const drop = () => {
      upstream.destroy()
      response.socket?.resetAndDestroy()
    }
    upstream.on('error', drop)
    request.on('error', drop)
    response.once('close', () => upstream.destroy())
    request.pipe(upstream)
    const [answer] = (await once(upstream, 'response')) as [IncomingMessage]
    const body = fault === undefined ? undefined : await buffer(answer)
    seen.outcome = fault?.kind ?? answer.statusCode
    if (fault?.kind === 'lose-answer') return drop()
    response.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
    if (body === undefined) return void answer.pipe(response)
    response.write(body.subarray(0, body.length >> 1))
    hang(response)
  }

  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? '/', target)
    const seen: SeenRequest = {
      method: request.method ?? 'GET',
      path: url.pathname,
      query: url.searchParams,
      headers: request.headers,
      outcome: undefined,
    }
    requests.push(seen)
    const fault = [...rules].reverse().reduce<Fault | undefined>((found, rule) => found ?? rule.take(seen), undefined)
    if (fault === undefined || fault.kind === 'lose-answer' || fault.kind === 'hang-in-answer') {
      return pass(request, response, seen, fault)
    }
    seen.outcome = fault.kind === 'answer' ? fault.status : fault.kind
    const everything = Number.POSITIVE_INFINITY
    const wanted = fault.kind === 'answer' ? everything : (fault.afterBytes ?? (fault.kind === 'hang' ? everything : 0))
    await takeBody(request, wanted)
    if (fault.kind === 'answer') {
      response.writeHead(fault.status, { 'content-type': 'application/xml', ...fault.headers })
      response.end(fault.body)
    } else if (fault.kind === 'reset') {
      request.socket.resetAndDestroy()
    } else {
      hang(response)
    }
  }

  const server = createServer({ requestTimeout: 0, keepAliveTimeout: 60_000 }, (request, response) => {
    // Clients may disconnect. They get the error themselves.
    handle(request, response).catch(() => response.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')

  const restore = () => {
    rules.clear()
    for (const response of hanging) response.socket?.resetAndDestroy()
  }

  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    get hanging() {
      return hanging.size
    },
    fail(match, fault, { skip = 0, times = Number.POSITIVE_INFINITY } = {}) {
      let matched = 0
      let hits = 0
      const rule: ActiveRule = {
        get hits() {
          return hits
        },
        remove: () => void rules.delete(rule),
        take(request) {
          if (hits >= times || !match(request)) return undefined
          matched += 1
          if (matched <= skip) return undefined
          hits += 1
          return fault
        },
      }
      rules.add(rule)
      return rule
    },
    restore,
    async close() {
      const closed = once(server, 'close')
      server.close()
      restore()
      server.closeAllConnections()
      await closed
    },
  }
}

/** Reads at least this many bytes of the body, or all of it. The rest stays in the socket. */
async function takeBody(request: IncomingMessage, bytes: number): Promise<void> {
  if (bytes === 0) return
  let taken = 0
  await new Promise<void>((resolve, reject) => {
    request.on('data', (chunk: Buffer) => {
      taken += chunk.length
      if (taken < bytes) return
      request.pause()
      resolve()
    })
    request.once('end', resolve)
    request.once('error', reject)
  })
}
