// A TCP proxy on loopback between a process and a server, which cuts, stalls and slows down real connections.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { type Direction, type Link, LinkFaults, pump } from './tcp-faults.ts'

export interface TcpProxy {
  readonly port: number
  /** The number of connected clients. */
  readonly connections: number
  /** The number of frozen connections that their clients have not closed. */
  readonly silent: number
  /** The number of connections accepted so far, including refused ones. */
  readonly accepted: number
  /** The same URL, with the host and port of the proxy. */
  through(url: string): string
  /** Resets the open connections on both sides. New connections work. */
  cut(): void
  /** As `cut`, and resets new connections at once until `restore`. */
  refuse(): void
  /** Keeps connections and accepts new ones, but forwards nothing until `restore`, like a broken network. */
  stall(): void
  /** Stalls the open connections permanently, like a firewall that has dropped their state. New connections work. */
  freeze(): void
  /** Delays each piece by this time, in both directions. */
  delay(milliseconds: number): void
  /** Limits the rate of all connections together, in each direction. */
  throttle(bytesPerSecond: number): void
  /** Resets the open connections after this many more bytes in this direction, also in the middle of a message. */
  cutAfter(bytes: number, direction: Direction): Promise<void>
  /**
   * Forwards the next message that contains this ASCII text, and resets its connection instead of forwarding the response.
   * So the server executes the message, and the client does not know.
   */
  cutAnswerTo(text: string): Promise<void>
  /** Ends every fault except `freeze`. Stalled connections continue. */
  restore(): void
  /** Stops listening and resets the open connections. */
  close(): Promise<void>
}

/** Starts a proxy in front of a server. Call `close` in `afterAll`. */
export async function startTcpProxy(target: { host: string; port: number }): Promise<TcpProxy> {
  const links = new Set<Link>()
  let accepted = 0
  let refusing = false
  const resetAll = () => {
    for (const link of links) link.reset()
  }
  const faults = new LinkFaults(resetAll)

  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    accepted += 1
    client.on('error', ignoreReset)
    if (refusing) {
      client.resetAndDestroy()
      return
    }
    const upstream = connect({ ...target, allowHalfOpen: true, noDelay: true })
    upstream.on('error', ignoreReset)
    const closed = new AbortController()
    const link: Link = {
      closed: closed.signal,
      muted: false,
      frozen: false,
      isOpen: () => !client.destroyed,
      reset() {
        closed.abort()
        for (const socket of [client, upstream]) {
          // A socket that is connecting cannot be reset.
          if (socket.connecting) socket.destroy()
          else socket.resetAndDestroy()
        }
      },
    }
    links.add(link)
    for (const socket of [client, upstream]) {
      socket.once('close', () => client.destroyed && upstream.destroyed && links.delete(link))
    }
    // An error on one side closes both.
    Promise.all([
      pump(client, upstream, 'upstream', link, faults),
      pump(upstream, client, 'downstream', link, faults),
    ]).catch(() => link.reset())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo

  const restore = () => {
    refusing = false
    faults.clear()
  }

  return {
    port,
    get connections() {
      return [...links].filter((link) => link.isOpen()).length
    },
    get silent() {
      return [...links].filter((link) => link.frozen && link.isOpen()).length
    },
    get accepted() {
      return accepted
    },
    through(url) {
      const through = new URL(url)
      through.hostname = '127.0.0.1'
      through.port = String(port)
      return through.href
    },
    cut: resetAll,
    refuse() {
      refusing = true
      resetAll()
    },
    stall: () => faults.stall(),
    freeze() {
      for (const link of links) link.frozen = true
    },
    delay: (milliseconds) => faults.delay(milliseconds),
    throttle: (bytesPerSecond) => faults.throttle(bytesPerSecond),
    cutAfter: (bytes, direction) => faults.cutAfter(bytes, direction),
    cutAnswerTo: (text) => faults.cutAnswerTo(text),
    restore,
    async close() {
      const stopped = once(server, 'close')
      server.close()
      resetAll()
      restore()
      await stopped
    },
  }
}

function ignoreReset(): void {
  // `pump` gets the same error and closes the other side.
}

/** The host and port of a URL. */
export function endpointOf(url: string): { host: string; port: number } {
  const { hostname, port, protocol } = new URL(url)
  return { host: hostname, port: Number(port) || (protocol === 'postgres:' ? 5432 : 80) }
}
