// The faults of a TCP proxy: it holds, slows and cuts the bytes of its connections.
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** `upstream`: what clients send. `downstream`: what the server sends. */
export type Direction = 'upstream' | 'downstream'

/** A client's connection and the server's that belongs to it. */
export interface Link {
  readonly closed: AbortSignal
  /** The answer to what it sent is to be lost. */
  muted: boolean
  /** Nothing passes any more; the client may go, and the server does not learn of it. */
  frozen: boolean
  /** The client is there. */
  isOpen(): boolean
  reset(): void
}

interface Counted {
  left: number
  readonly direction: Direction
  readonly happened: () => void
}

/** Bytes passed at once under a throttle: small enough to be smooth, and for a fault to fall in the middle. */
const SLICE = 16_384

/** The faults of one proxy, for all of its connections. */
export class LinkFaults {
  readonly #resetAll: () => void
  readonly #freeAt = { upstream: 0, downstream: 0 }
  #latency = 0
  #rate = Number.POSITIVE_INFINITY
  /** Pending while nothing passes. */
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
    const count = Math.ceil(chunk.length / SLICE)
    return Array.from({ length: count }, (_, index) => chunk.subarray(index * SLICE, (index + 1) * SLICE))
  }

  /** Waits for what the faults ask of one slice. @throws when its connection is gone meanwhile */
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

  /** What has been sent so far decides whether the answer is to be lost. */
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

  /** How much of the slice may pass before the cut; undefined: all, and no cut. */
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

/** Passes bytes on until `from` ends. @throws when the connection is gone */
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
        // What was written must leave before the reset that would overtake it.
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
