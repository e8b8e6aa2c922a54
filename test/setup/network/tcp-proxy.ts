// A TCP proxy on loopback that a test puts between a process and a server, to cut, stall and slow real connections.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { type Direction, type Link, LinkFaults, pump } from './tcp-faults.ts'

export interface TcpProxy {
  readonly port: number
  /** Clients connected at this moment. */
  readonly connections: number
  /** Frozen connections that their clients still hold. */
  readonly silent: number
  /** Connections accepted so far, refused ones included. */
  readonly accepted: number
  /** The same URL, with the host and port of the proxy. */
  through(url: string): string
  /** Resets the open connections, on both sides; new ones pass. */
  cut(): void
  /** As `cut`, and resets new ones as soon as they come, until `restore`. */
  refuse(): void
  /** Keeps connections and accepts new ones, but passes no byte either way, until `restore`: a network that is gone. */
  stall(): void
  /** For the connections open now, as `stall`, and for good: a firewall that forgot them. New ones pass. */
  freeze(): void
  /** Each piece waits so many milliseconds, either way. */
  delay(milliseconds: number): void
  /** Passes so many bytes a second at most each way, all connections together. */
  throttle(bytesPerSecond: number): void
  /** Once so many more bytes have passed in this direction, resets the open connections: in the middle of a message. */
  cutAfter(bytes: number, direction: Direction): Promise<void>
  /**
   * Lets the next message that contains this ASCII text through, and resets its connection instead of passing on the
   * answer: the server has done it, the client cannot know.
   */
  cutAnswerTo(text: string): Promise<void>
  /** Ends every fault; what was stalled goes on. */
  restore(): void
  /** Resets what is open, and stops to listen. */
  close(): Promise<void>
}

/** Starts one in front of a server; `close` it in `afterAll`. */
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
          // A socket that still connects cannot be reset.
          if (socket.connecting) socket.destroy()
          else socket.resetAndDestroy()
        }
      },
    }
    links.add(link)
    for (const socket of [client, upstream]) {
      socket.once('close', () => client.destroyed && upstream.destroyed && links.delete(link))
    }
    // However one side ends, the other does not stay open without it.
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
  // Resets are what this is for; the pump of the connection sees it and ends the other side.
}

/** Where the server of a URL listens. */
export function endpointOf(url: string): { host: string; port: number } {
  const { hostname, port, protocol } = new URL(url)
  return { host: hostname, port: Number(port) || (protocol === 'postgres:' ? 5432 : 80) }
}
