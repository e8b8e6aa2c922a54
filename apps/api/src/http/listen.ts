// Listens on a port, and stops in a way that lets requests on their way be answered.
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Config } from '@waybill/shared/settings/schema.ts'
import { refuseBrokenRequest } from './broken-request.ts'

export interface ListeningServer {
  readonly port: number
  /** Takes no new connections; cuts what is left after so many milliseconds. */
  close(grace: number): Promise<void>
}

/** Milliseconds between two looks for clients that are too slow. Node's own 30 s would make the limits three times as long. */
const CHECK_INTERVAL = 1_000

/** Milliseconds without a byte either way after which a connection is cut: whoever asks must also take the answer. */
const SILENCE_TIMEOUT = 60_000

/** Milliseconds between two looks for connections that have become idle, while the server closes. */
const SWEEP_INTERVAL = 50

export type ListenOptions = Pick<
  Config,
  'PORT' | 'HOST' | 'HTTP_IDLE_TIMEOUT' | 'HTTP_HEADERS_TIMEOUT' | 'HTTP_REQUEST_TIMEOUT'
>

/** Port 0: any free one. A client that is slow to send its request is cut off: it must not hold a connection for ever. */
export async function listen(app: RequestListener, options: ListenOptions): Promise<ListeningServer> {
  const server = createServer(
    {
      keepAliveTimeout: options.HTTP_IDLE_TIMEOUT,
      headersTimeout: options.HTTP_HEADERS_TIMEOUT,
      requestTimeout: options.HTTP_REQUEST_TIMEOUT,
      connectionsCheckingInterval: CHECK_INTERVAL,
    },
    app,
  )
  server.timeout = SILENCE_TIMEOUT
  server.on('clientError', refuseBrokenRequest)
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
