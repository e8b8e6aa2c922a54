// The HTTP server of a worker: health for probes, and the metrics of the process.
import { createHash, timingSafeEqual } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Logger } from '@waybill/shared/process/log.ts'
import type { Config } from '@waybill/shared/settings/schema.ts'
import type { Registry } from 'prom-client'

/** `starting`: not registered yet. `away`: the ledger has not accepted a registration for too long. */
export type WorkerHealth = 'starting' | 'ok' | 'away' | 'stopping'

export interface HealthServerOptions {
  readonly config: Pick<Config, 'HOST' | 'METRICS_TOKEN'>
  /** 0: any free port. */
  readonly port: number
  readonly health: () => WorkerHealth
  readonly registry: Registry
  readonly log: Logger
}

export interface HealthServer {
  readonly port: number
  close(): Promise<void>
}

/** A probe or a scrape needs much less. */
const REQUEST_TIMEOUT_MS = 10_000

/** @throws Error when the port is in use */
export async function startHealthServer(options: HealthServerOptions): Promise<HealthServer> {
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS })
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    answer(options, request, response).catch((error: unknown) => {
      options.log.warn({ error }, 'the worker could not answer a request')
      response.destroy()
    })
  })
  server.listen(options.port, options.config.HOST)
  await once(server, 'listening') // rejects with the server's error, e.g. EADDRINUSE
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

async function answer(
  { config, health, registry }: HealthServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const send = (status: number, type: string, body: string) => {
    response.writeHead(status, { 'Content-Type': type, 'Cache-Control': 'no-store' })
    response.end(request.method === 'HEAD' ? undefined : body)
  }
  const sendStatus = (code: number, status: string) => send(code, 'application/json', `${JSON.stringify({ status })}\n`)
  if (request.method !== 'GET' && request.method !== 'HEAD') return sendStatus(405, 'method not allowed')
  const path = request.url?.split('?', 1)[0]
  // Liveness: a process that answers is alive. A restart would not bring a database back.
  if (path === '/healthz') return sendStatus(200, 'ok')
  if (path === '/readyz') return sendStatus(health() === 'ok' ? 200 : 503, health())
  if (path !== '/metrics') return sendStatus(404, 'not found')
  if (!mayReadMetrics(config, request.headers.authorization)) {
    response.setHeader('WWW-Authenticate', 'Bearer')
    return sendStatus(401, 'the metrics need the value of METRICS_TOKEN as a bearer token')
  }
  send(200, registry.contentType, await registry.metrics())
}

/** Without a token, only programs on this machine may read them: as the API, but a worker knows no administrators. */
function mayReadMetrics({ METRICS_TOKEN: token, HOST }: HealthServerOptions['config'], authorization = ''): boolean {
  if (token === undefined) return HOST === 'localhost' || HOST === '::1' || /^127\./.test(HOST)
  const [, given = ''] = /^bearer +(.+)$/i.exec(authorization) ?? []
  // Hashes have one length, and their comparison takes the same time for every input.
  const hash = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(hash(given), hash(token))
}
