// The HTTP server: listens on a port, limits slow clients, and closes gracefully.
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Config } from '@waybill/shared/settings/schema.ts'
import { refuseBrokenRequest } from './broken-request.ts'

export interface ListeningServer {
  readonly port: number
  /** Accepts no new connections, lets pending requests finish, and closes all connections after the grace period. */
  close(graceMs: number): Promise<void>
}

/** How often Node checks the two request timeouts. Its default of 30 s would make a timeout of 10 s last up to 40 s. */
const TIMEOUT_CHECK_INTERVAL_MS = 1_000

/** A connection without traffic for this long is closed: a client that does not read its response must not hold it. */
const SOCKET_TIMEOUT_MS = 60_000

/** How often connections that have become idle are closed while the server closes. */
const IDLE_CHECK_INTERVAL_MS = 50

type ListenOptions = Pick<
  Config,
  'PORT' | 'HOST' | 'HTTP_IDLE_TIMEOUT' | 'HTTP_HEADERS_TIMEOUT' | 'HTTP_REQUEST_TIMEOUT'
>

/** Port 0 takes any free port. A client that sends its request too slowly is disconnected. */
export async function listen(app: RequestListener, options: ListenOptions): Promise<ListeningServer> {
  const server = createServer(
    {
      keepAliveTimeout: options.HTTP_IDLE_TIMEOUT,
      headersTimeout: options.HTTP_HEADERS_TIMEOUT,
      requestTimeout: options.HTTP_REQUEST_TIMEOUT,
      connectionsCheckingInterval: TIMEOUT_CHECK_INTERVAL_MS,
    },
    app,
  )
  server.timeout = SOCKET_TIMEOUT_MS
  server.on('clientError', refuseBrokenRequest)
  server.listen(options.PORT, options.HOST)
  await once(server, 'listening') // rejects with the server's error, e.g. EADDRINUSE
  return {
    port: (server.address() as AddressInfo).port,
    async close(graceMs) {
      const closed = once(server, 'close')
      server.close()
      server.closeIdleConnections()
      // A connection becomes idle after its last response. Without this, it would stay open for the whole grace period.
      const sweep = setInterval(() => server.closeIdleConnections(), IDLE_CHECK_INTERVAL_MS)
      const timer = setTimeout(() => server.closeAllConnections(), graceMs)
      await closed
      clearInterval(sweep)
      clearTimeout(timer)
    },
  }
}
