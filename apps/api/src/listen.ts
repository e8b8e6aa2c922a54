// Listens on a port, and stops in a way that lets requests on their way be answered.
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface ListeningServer {
  readonly port: number
  /** Takes no new connections; cuts what is left after so many milliseconds. */
  close(grace: number): Promise<void>
}

/** @param port 0: any free one */
export async function listen(server: Server, port: number, host: string): Promise<ListeningServer> {
  server.listen(port, host)
  await once(server, 'listening') // rejects with the server's error, e.g. EADDRINUSE
  return {
    port: (server.address() as AddressInfo).port,
    async close(grace) {
      const closed = once(server, 'close')
      server.close()
      server.closeIdleConnections()
      const timer = setTimeout(() => server.closeAllConnections(), grace)
      await closed
      clearTimeout(timer)
    },
  }
}
