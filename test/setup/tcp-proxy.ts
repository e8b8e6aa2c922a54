// A TCP proxy on loopback that a test puts between a process and a server, to cut, stall and slow real connections.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** `upstream`: what clients send. `downstream`: what the server sends. */
export type Direction = 'upstream' | 'downstream'

export interface TcpProxy {
  readonly port: number
  /** Clients connected at this moment. */
  readonly connections: number
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

interface Link {
  readonly closed: AbortSignal
  /** The answer to what it sent is to be lost. */
  muted: boolean
  reset(): void
}

interface Counted {
  left: number
  readonly direction: Direction
  readonly happened: () => void
}

interface Watched {
  readonly text: string
  readonly happened: () => void
}

/** Bytes passed at once under a throttle: small enough to be smooth, and for a fault to fall in the middle. */
const SLICE = 16_384

/** Starts one in front of a server; `close` it in `afterAll`. */
export async function startTcpProxy(target: { host: string; port: number }): Promise<TcpProxy> {
  const links = new Set<Link>()
  let accepted = 0
  let refusing = false
  let latency = 0
  let rate = Number.POSITIVE_INFINITY
  /** Pending while nothing passes. */
  let gate: PromiseWithResolvers<void> | undefined
  let counted: Counted | undefined
  let watched: (Watched & { link?: Link }) | undefined
  const freeAt = { upstream: 0, downstream: 0 }

  /** Waits for what the faults ask of one slice; throws when its connection is gone meanwhile. */
  const hold = async (bytes: number, direction: Direction, link: Link) => {
    const signal = link.closed
    if (latency > 0) await sleep(latency, undefined, { signal })
    if (rate !== Number.POSITIVE_INFINITY) {
      const begin = Math.max(performance.now(), freeAt[direction])
      freeAt[direction] = begin + (bytes / rate) * 1000
      await sleep(freeAt[direction] - performance.now(), undefined, { signal })
    }
    while (gate !== undefined) await untilClosedOr(gate.promise, signal)
  }

  const pump = async (from: Socket, to: Socket, direction: Direction, link: Link) => {
    let seen = ''
    for await (const chunk of from as AsyncIterable<Buffer>) {
      const size = rate === Number.POSITIVE_INFINITY ? chunk.length : SLICE
      for (let at = 0; at < chunk.length; at += size) {
        let slice = chunk.subarray(at, at + size)
        await hold(slice.length, direction, link)
        if (direction === 'upstream' && watched !== undefined && watched.link === undefined) {
          seen = seen.slice(-watched.text.length) + slice.toString('latin1')
          if (seen.includes(watched.text)) {
            watched.link = link
            link.muted = true
          }
        }
        if (direction === 'downstream' && link.muted) {
          link.reset()
          watched?.happened()
          watched = undefined
          return
        }
        const cut = counted?.direction === direction && counted.left <= slice.length ? counted : undefined
        if (cut !== undefined) {
          slice = slice.subarray(0, cut.left)
          counted = undefined
        } else if (counted?.direction === direction) {
          counted.left -= slice.length
        }
        const isWritable = to.write(slice)
        if (cut !== undefined) {
          // What was written must leave before the reset that would overtake it.
          await new Promise<void>((done) => to.write('', () => done()))
          resetAll()
          cut.happened()
          return
        }
        if (!isWritable) await once(to, 'drain', { signal: link.closed })
      }
    }
    to.end()
  }

  const resetAll = () => {
    for (const link of links) link.reset()
  }

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
    client.once('close', () => links.delete(link))
    // However one side ends, the other does not stay open without it.
    Promise.all([pump(client, upstream, 'upstream', link), pump(upstream, client, 'downstream', link)]).catch(() =>
      link.reset(),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo

  const restore = () => {
    refusing = false
    latency = 0
    rate = Number.POSITIVE_INFINITY
    counted = undefined
    watched = undefined
    gate?.resolve()
    gate = undefined
  }

  return {
    port,
    get connections() {
      return links.size
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
    stall() {
      gate ??= Promise.withResolvers()
    },
    delay(milliseconds) {
      latency = milliseconds
    },
    throttle(bytesPerSecond) {
      rate = bytesPerSecond
      freeAt.upstream = freeAt.downstream = 0
    },
    cutAfter(bytes, direction) {
      const { promise, resolve } = Promise.withResolvers<void>()
      counted = { left: bytes, direction, happened: resolve }
      return promise
    },
    cutAnswerTo(text) {
      const { promise, resolve } = Promise.withResolvers<void>()
      watched = { text, happened: resolve }
      return promise
    },
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

async function untilClosedOr(promise: Promise<void>, closed: AbortSignal): Promise<void> {
  closed.throwIfAborted()
  const aborted = Promise.withResolvers<never>()
  const abort = () => aborted.reject(closed.reason)
  closed.addEventListener('abort', abort, { once: true })
  try {
    await Promise.race([promise, aborted.promise])
  } finally {
    closed.removeEventListener('abort', abort)
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
