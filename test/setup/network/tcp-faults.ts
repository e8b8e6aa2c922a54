// The faults of a TCP proxy, which delay, slow down and cut its connections.
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** `upstream`: from client to server. `downstream`: from server to client. */
export type Direction = 'upstream' | 'downstream'

/** The connection of a client and the corresponding connection to the server. */
export interface Link {
  readonly closed: AbortSignal
  /** The next response is dropped. */
  muted: boolean
  /** Nothing is forwarded any more, also not the end of the client's connection. */
  frozen: boolean
  /** Whether the client is connected. */
  isOpen(): boolean
  reset(): void
}

interface Counted {
  left: number
  readonly direction: Direction
  readonly happened: () => void
}

/** Bytes that are forwarded at once with a throttle. Small, so that the rate is steady and faults can hit the middle. */
const SLICE_BYTES = 16_384

/** The faults of all connections of one proxy. */
export class LinkFaults {
  readonly #resetAll: () => void
  readonly #freeAt = { upstream: 0, downstream: 0 }
  #latency = 0
  #rate = Number.POSITIVE_INFINITY
  /** Pending while the proxy is stalled. */
  #gate: PromiseWithResolvers<void> | undefined
  #counted: Counted | undefined
  #watched: { readonly text: string; readonly happened: () => void; link?: Link } | undefined

  constructor(resetAll: () => void) {
    this.#resetAll = resetAll
  }

  stall(): void {
    this.#gate ??= Promise.withResolvers()
  }

  delay(milliseconds: number): void {
    this.#latency = milliseconds
  }

  throttle(bytesPerSecond: number): void {
    this.#rate = bytesPerSecond
    this.#freeAt.upstream = this.#freeAt.downstream = 0
  }

  cutAfter(bytes: number, direction: Direction): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#counted = { left: bytes, direction, happened: resolve }
    return promise
  }

  cutAnswerTo(text: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#watched = { text, happened: resolve }
    return promise
  }

  clear(): void {
    this.#latency = 0
    this.#rate = Number.POSITIVE_INFINITY
    this.#counted = undefined
    this.#watched = undefined
    this.#gate?.resolve()
    this.#gate = undefined
  }

  slices(chunk: Buffer): Buffer[] {
    if (this.#rate === Number.POSITIVE_INFINITY) return [chunk]
    const count = Math.ceil(chunk.length / SLICE_BYTES)
    return Array.from({ length: count }, (_, index) => chunk.subarray(index * SLICE_BYTES, (index + 1) * SLICE_BYTES))
  }

  /** Waits until the faults let the slice pass. @throws if its connection is closed first */
  async hold(bytes: number, direction: Direction, link: Link): Promise<void> {
    const signal = link.closed
    if (this.#latency > 0) await sleep(this.#latency, undefined, { signal })
    if (this.#rate !== Number.POSITIVE_INFINITY) {
      const begin = Math.max(performance.now(), this.#freeAt[direction])
      this.#freeAt[direction] = begin + (bytes / this.#rate) * 1000
      await sleep(Math.max(0, this.#freeAt[direction] - performance.now()), undefined, { signal })
    }
    while (this.#gate !== undefined) await untilClosedOr(this.#gate.promise, signal)
    if (link.frozen && direction === 'downstream') await untilClosedOr(new Promise(() => undefined), signal)
  }

  /** Looks for the text of `cutAnswerTo`. @returns the text to search together with the next slice */
  watch(seen: string, slice: Buffer, link: Link): string {
    if (this.#watched === undefined || this.#watched.link !== undefined) return ''
    const text = seen.slice(-this.#watched.text.length) + slice.toString('latin1')
    if (text.includes(this.#watched.text)) {
      this.#watched.link = link
      link.muted = true
    }
    return text
  }

  loseAnswer(link: Link): void {
    link.reset()
    this.#watched?.happened()
    this.#watched = undefined
  }

  /** How many bytes of the slice to forward before the cut; undefined: all, without a cut. */
  countDown(bytes: number, direction: Direction): number | undefined {
    if (this.#counted?.direction !== direction) return undefined
    if (this.#counted.left <= bytes) return this.#counted.left
    this.#counted.left -= bytes
    return undefined
  }

  cut(): void {
    const { happened } = this.#counted ?? {}
    this.#counted = undefined
    this.#resetAll()
    happened?.()
  }
}

/** Forwards bytes until `from` ends. @throws if the connection is closed */
export async function pump(
  from: Socket,
  to: Socket,
  direction: Direction,
  link: Link,
  faults: LinkFaults,
): Promise<void> {
  let seen = ''
  for await (const chunk of from as AsyncIterable<Buffer>) {
    for (const slice of faults.slices(chunk)) {
      await faults.hold(slice.length, direction, link)
      if (link.frozen) continue
      if (direction === 'upstream') seen = faults.watch(seen, slice, link)
      else if (link.muted) return faults.loseAnswer(link)
      const rest = faults.countDown(slice.length, direction)
      if (rest !== undefined) {
        // A reset discards bytes that are not sent yet, so wait until they are.
        await new Promise<void>((done) => to.write(slice.subarray(0, rest), () => done()))
        return faults.cut()
      }
      if (!to.write(slice)) await once(to, 'drain', { signal: link.closed })
    }
  }
  if (!link.frozen) to.end()
  else if (direction === 'upstream') from.destroy()
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
