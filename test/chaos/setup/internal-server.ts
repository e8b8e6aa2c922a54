// A server at an internal address that counts its connections. Nothing may connect to it.
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'

export interface Inside {
  readonly port: number
  /** The number of connections. */
  readonly knocks: () => number
  close(): Promise<void>
}

export async function startInside(host: string, port = 0): Promise<Inside> {
  const sockets: Socket[] = []
  const server = createServer((socket) => void sockets.push(socket))
  server.listen(port, host)
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    knocks: () => sockets.length,
    close: () => {
      for (const socket of sockets) socket.destroy()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}
