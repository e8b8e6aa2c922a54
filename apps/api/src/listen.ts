// Listens on a port, and stops in a way that lets requests on their way be answered.
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Config } from '@waybill/shared/config.ts'

export interface ListeningServer {
  readonly port: number
  /** Takes no new connections; cuts what is left after so many milliseconds. */
  close(grace: number): Promise<void>
}

/** Milliseconds that a client may take to send its request: a slow one must not hold a connection for ever. */
const HEADERS_TIMEOUT = 10_000
const REQUEST_TIMEOUT = 30_000

/** Milliseconds between two looks for connections that have become idle, while the server closes. */
const SWEEP_INTERVAL = 50

export type ListenOptions = Pick<Config, 'PORT' | 'HOST' | 'HTTP_IDLE_TIMEOUT'>

/** Port 0: any free one. */
export async function listen(server: Server, options: ListenOptions): Promise<ListeningServer> {
  server.keepAliveTimeout = options.HTTP_IDLE_TIMEOUT
  server.headersTimeout = HEADERS_TIMEOUT
  server.requestTimeout = REQUEST_TIMEOUT
  server.listen(options.PORT, options.HOST)
  await once(server, 'listening') // rejects with the server's error, e.g. EADDRINUSE
  return {
    port: (server.address() as AddressInfo).port,
    async close(grace) {
      const closed = once(server, 'close')
      server.close()
      server.closeIdleConnections()
      // A connection whose request is answered meanwhile is kept alive: it would be waited for to the end of the grace.
      const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_INTERVAL)
      const timer = setTimeout(() => server.closeAllConnections(), grace)
      await closed
      clearInterval(sweep)
      clearTimeout(timer)
    },
  }
}
