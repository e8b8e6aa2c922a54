// A receiver of webhooks over HTTP. It records the requests, and the test sets its responses.
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { Webhook } from 'standardwebhooks'
import { expect } from 'vitest'
import { webhookEventSchema } from '../../../packages/shared/src/contract/webhooks.ts'
import { TEST_EVENT } from '../../../packages/shared/src/vocabulary/webhook-events.ts'
import type { Json } from '../api/api-client.ts'

export interface Received {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface Receiver {
  /** Ends with a slash. */
  readonly url: string
  readonly port: number
  /** In the order of their arrival. */
  readonly received: readonly Received[]
  /** Sends the response. Default: 204. */
  answer: (response: ServerResponse, request: Received) => void
  /** Waits for this many requests. */
  until(count: number): Promise<Received[]>
  close(): Promise<void>
}

export interface ReceiverOptions {
  readonly host?: string
  readonly port?: number
  readonly tls?: { readonly key: string; readonly cert: string }
}

/** Only reached if something is broken. */
const RECEIVE_TIMEOUT_MS = 240_000

export async function startReceiver({ host = '127.0.0.1', port = 0, tls }: ReceiverOptions = {}): Promise<Receiver> {
  const received: Received[] = []
  const listener: RequestListener = (request, response) => {
    const chunks: Buffer[] = []
    // In some tests the sender disconnects.
    response.on('error', () => undefined)
    request.on('error', () => undefined)
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const one = { path: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks).toString('utf8') }
      received.push(one)
      receiver.answer(response, one)
    })
  }
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener)
  server.listen(port, host)
  await once(server, 'listening')
  const address = server.address() as AddressInfo
  const receiver: Receiver = {
    url: `${tls === undefined ? 'http' : 'https'}://${host}:${address.port}/`,
    port: address.port,
    received,
    answer: (response) => void response.writeHead(204).end(),
    async until(count) {
      const deadline = performance.now() + RECEIVE_TIMEOUT_MS
      while (received.length < count) {
        if (performance.now() > deadline) throw new Error(`${received.length} webhooks arrived instead of ${count}`)
        await sleep(20)
      }
      return received.slice(0, count)
    },
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
  return receiver
}

/**
 * Checks the signature and its age with the official package, and the event with its schema.
 *
 * @throws if a check fails
 */
export function verified({ headers, body }: Received, secret: string): Json {
  const event = new Webhook(secret).verify(body, headers as Record<string, string>) as Json
  if (event.type !== TEST_EVENT) expect(webhookEventSchema.parse(event), 'without other fields').toEqual(event)
  return event
}
