// Finds a loopback port to listen on: the preferred one, or any free one if it is taken.
import { createServer } from 'node:net'

/** `preferred` if it is free, else a port that the system chooses. With 0, the system always chooses. */
export async function freePort(preferred: number): Promise<number> {
  return (await probe(preferred)) ?? (await probe(0)) ?? fail()
}

/** Another process may take the port before the caller binds it, so callers retry. */
function probe(port: number): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(undefined)
      else reject(error)
    })
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : undefined))
    })
  })
}

function fail(): never {
  throw new Error('No free port on 127.0.0.1')
}
