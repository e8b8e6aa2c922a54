// An HTTP reverse proxy in front of the S3 server that lets chosen requests fail, and passes all others untouched.
import { once } from 'node:events'
import { createServer, request as forward, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

export interface SeenRequest {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  /** What became of it: the status that was answered, or the fault; undefined while it is under way. */
  outcome: number | Fault['kind'] | undefined
}

export type Fault =
  /** Takes the body, then answers this. */
  | {
      readonly kind: 'answer'
      readonly status: number
      readonly body?: string
      readonly headers?: Record<string, string>
    }
  /** Takes so many bytes of the body at least (0), then resets the connection. */
  | { readonly kind: 'reset'; readonly afterBytes?: number }
  /** Takes so many bytes of the body at least (all), then neither takes nor says anything. */
  | { readonly kind: 'hang'; readonly afterBytes?: number }
  /** The server does it and answers, and the connection is reset in place of the answer: outcome unknown. */
  | { readonly kind: 'lose-answer' }
  /** The server does it and answers, and half of the answer's body arrives, then nothing more. */
  | { readonly kind: 'hang-in-answer' }

export interface Rule {
  /** How many requests have been dealt this fault. */
  readonly hits: number
  remove(): void
}

export interface HttpFaultProxy {
  readonly endpoint: string
  /** In the order in which they came. */
  readonly requests: readonly SeenRequest[]
  /** Requests that hang at this moment. */
  readonly hanging: number
  /**
   * Lets requests fail that match: after the first `skip` (0) of them, the next `times` (all).
   * Where several rules match, the latest decides.
   */
  fail(match: (request: SeenRequest) => boolean, fault: Fault, which?: { skip?: number; times?: number }): Rule
  /** Ends every fault, and what hangs. */
  restore(): void
  close(): Promise<void>
}

interface ActiveRule extends Rule {
  take(request: SeenRequest): Fault | undefined
}

/** An error of S3, as the SDK reads it. */
export function s3Error(status: number, code: string): Fault {
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>injected</Message></Error>`
  return { kind: 'answer', status, body }
}

/** The requests of an upload, by what they do to it. */
export const isUpload = {
  create: ({ method, query }: SeenRequest) => method === 'POST' && query.has('uploads'),
  part: ({ method, query }: SeenRequest) => method === 'PUT' && query.has('partNumber'),
  complete: ({ method, query }: SeenRequest) => method === 'POST' && query.has('uploadId'),
  abort: ({ method, query }: SeenRequest) => method === 'DELETE' && query.has('uploadId'),
  /** A small file is sent at once. */
  whole: ({ method, query, path }: SeenRequest) => method === 'PUT' && !query.has('partNumber') && !isManifest(path),
  manifest: ({ method, path }: SeenRequest) => method === 'PUT' && isManifest(path),
  head: ({ method }: SeenRequest) => method === 'HEAD',
} as const

const isManifest = (path: string) => path.endsWith('/manifest.json')

/** @param target endpoint of the server, as in `http://127.0.0.1:4568` */
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
    // The Host header stays: it is signed. Raw headers keep the order and the case of the rest.
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
    // Clients that give up are expected here; the caller of the request gets its own error.
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

/** Reads so many bytes of the body at least, or all of it; what is left is held back in the socket. */
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
