// Runs COPY (query) TO STDOUT on the connection of a Prisma transaction, which sends rows as bytes instead of values.
//
// Prisma does not support COPY. The client extension `$copy` sends the statement through Prisma with a mark in it. Our pool
// recognizes the mark, and runs the statement as a CopyOut instead of a query of pg. So Prisma keeps the order of the
// statements of the transaction, and this code uses no internals of Prisma.
import { randomUUID } from 'node:crypto'
import type { Socket } from 'node:net'
import type pg from 'pg'
import { Prisma } from '../generated/prisma/client.ts'
import { SHARED_DATA } from './read-socket.ts'
import { type RowLimits, RowMeter, RowTooLarge } from './row-size.ts'

export interface CopyOptions {
  /** Maximum number of rows. Further rows are read and dropped, and `truncated` is set. */
  readonly maxRows: number
  /** The statement_timeout of the server for the whole statement, in milliseconds. */
  readonly timeoutMs: number
  /** Default: rows and cells of any size. */
  readonly rowLimits?: RowLimits | undefined
}

/** The maximum size of a chunk. */
const CHUNK_BYTES = 65_536

/** The number of chunks that wait for the reader before the socket is paused. */
const MAX_QUEUED_CHUNKS = 4

/** How long a reader waits until a chunk is full. The server sends 8 KiB at a time. */
const FILL_TIMEOUT_MS = 2

/** Disables the query_timeout of pg: a COPY takes as long as its reader, and the server limits it. */
const NO_QUERY_TIMEOUT_MS = 2 ** 31 - 1

/** Message types of the protocol, version 3 (https://www.postgresql.org/docs/current/protocol-message-formats.html). */
const COPY_DATA = 0x64
const READY_FOR_QUERY = 0x5a
/** The type of a message, and its length including these four bytes. */
const HEADER_BYTES = 5

/** The connection that pg passes to a query. It is missing in the types of pg. */
interface PgConnection {
  readonly stream: Socket
  parse(query: { readonly text: string }): void
  bind(config: object): void
  execute(config: object): void
  sync(): void
}

type DataListener = (data: Buffer) => void

interface Chunk {
  readonly buffer: Buffer
  /** The number of used bytes of the buffer. */
  length: number
  /** The number of rows that end in this chunk. */
  rows: number
}

/**
 * A running COPY. Iterate it once, to get chunks in the text format of COPY. Each chunk is valid until the next is requested.
 * The iteration ends without an error only if the server has confirmed the whole statement. While the reader takes no chunk,
 * the socket is not read, so the server waits. Throws RowTooLarge if a row exceeds the limits. The statement is still running
 * then and must be canceled.
 */
export class CopyOut implements AsyncIterable<Uint8Array> {
  /** The number of complete rows that the reader has received. */
  rows = 0
  /** Whether there were more rows than `maxRows`. */
  truncated = false
  /** Resolves when the statement has ended, with or without an error. */
  readonly settled: Promise<void>
  /** Part of the interface of a pg query: called at the end of the statement. `runOn` sets it. */
  callback: (error?: Error | null) => void = () => undefined
  readonly query_timeout = NO_QUERY_TIMEOUT_MS

  readonly #sql: string
  readonly #options: CopyOptions
  readonly #settle: () => void
  #connection: PgConnection | undefined
  #pgListeners: DataListener[] = []

  #queue: Chunk[] = []
  /** The chunk that is being filled. */
  #chunk: Chunk | undefined
  /** Chunks that the reader no longer needs, to be reused. */
  readonly #free: Chunk[] = []
  #fillTimer: NodeJS.Timeout | undefined
  #isPaused = false
  #isDiscarding = false
  /** Whether pg handles the connection again. */
  #isOver = false
  #outcome: { readonly error?: unknown } | undefined
  readonly #rowMeter: RowMeter | undefined
  /** Whether the current row may exceed a limit. */
  #isMeasuring = false
  #rowTooLarge: RowTooLarge | undefined
  #wake: (() => void) | undefined
  #lastActivity = performance.now()

  /** The missing bytes of the current row. */
  #missing = 0
  #rowsReceived = 0
  readonly #header = Buffer.alloc(HEADER_BYTES)
  #headerBytes = 0
  /** The received parts of a message for pg. */
  #message: Buffer[] = []
  #messageMissing = 0

  constructor(sql: string, options: CopyOptions) {
    this.#sql = sql
    this.#options = options
    this.#rowMeter = options.rowLimits === undefined ? undefined : new RowMeter(options.rowLimits)
    const { promise, resolve } = Promise.withResolvers<void>()
    this.settled = promise
    this.#settle = resolve
  }

  get isSettled(): boolean {
    return this.#outcome !== undefined
  }

  /** Whether the server waits for the reader, or the reader for the server, and for how long. */
  get waiting(): { readonly isForReader: boolean; readonly ms: number } {
    return { isForReader: this.#isPaused, ms: performance.now() - this.#lastActivity }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, void> {
    try {
      for (;;) {
        const chunk = this.#queue.shift()
        if (chunk !== undefined) {
          this.#lastActivity = performance.now()
          this.rows += chunk.rows
          yield chunk.buffer.subarray(0, chunk.length)
          this.#free.push(chunk)
        } else if (this.#rowTooLarge !== undefined) {
          throw this.#rowTooLarge
        } else if (this.#outcome !== undefined) {
          if ('error' in this.#outcome) throw this.#outcome.error
          return
        } else {
          const woken = Promise.withResolvers<void>()
          this.#wake = woken.resolve
          if (this.#chunk !== undefined) this.#fillSoon()
          this.#resume()
          await woken.promise
          this.#wake = undefined
        }
      }
    } finally {
      this.discard()
    }
  }

  /** Reads and drops the rest. The server handles a cancel only after its data has been read. */
  discard(): void {
    this.#isDiscarding = true
    this.#queue = []
    this.#chunk = undefined
    clearTimeout(this.#fillTimer)
    this.#resume()
  }

  /** Ends the connection. */
  destroy(): void {
    this.#connection?.stream.destroy()
  }

  /** Follows Prisma's promise of the statement, to receive its errors. */
  follow(statement: PromiseLike<unknown>): void {
    statement.then(
      () => this.#end({}),
      (error: unknown) => this.#end({ error }),
    )
  }

  /** Part of the interface of a pg query: sends the statement, and uses the connection until the server is ready again. */
  submit(connection: PgConnection): void {
    this.#connection = connection
    const { stream } = connection
    // pg would collect each row in one buffer of any size.
    this.#pgListeners = stream.listeners('data') as DataListener[]
    for (const listener of this.#pgListeners) stream.off('data', listener)
    stream.on('data', this.#onData)
    stream.on(SHARED_DATA, this.#onData)
    this.#lastActivity = performance.now()
    // Unnamed prepared statements, because they reject a text with two statements.
    for (const text of [`SET LOCAL statement_timeout = ${Math.trunc(this.#options.timeoutMs)}`, this.#sql]) {
      connection.parse({ text })
      connection.bind({})
      connection.execute({})
    }
    connection.sync()
  }

  /** Part of the interface of a pg query: the server or the socket failed. */
  handleError(error: Error): void {
    this.callback(error)
  }

  /** Part of the interface of a pg query: both statements have ended. */
  handleReadyForQuery(): void {
    this.callback(null)
  }

  /** Part of the interface of a pg query. */
  handleCommandComplete(): void {
    // The server is ready for the next query only after the last one.
  }

  #end(outcome: { readonly error?: unknown }): void {
    this.#finishChunk()
    this.#outcome ??= outcome
    this.#settle()
    this.#wake?.()
  }

  #resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    this.#lastActivity = performance.now()
    this.#connection?.stream.resume()
  }

  readonly #onData = (data: Buffer): void => {
    this.#lastActivity = performance.now()
    const end = data.length
    let at = 0
    // Moves the rows to the front, over the headers of their messages. Then one copy of all rows replaces one copy of each.
    let kept = 0
    let rows = 0
    while (at < end) {
      if (this.#missing > 0) {
        const length = Math.min(this.#missing, end - at)
        if (this.#isMeasuring) this.#measure(data, at, at + length)
        const isWanted = !this.#isDiscarding && this.#rowsReceived < this.#options.maxRows
        if (isWanted) {
          if (kept !== at) data.copyWithin(kept, at, at + length)
          kept += length
        }
        at += length
        this.#missing -= length
        if (this.#missing > 0) break
        // In COPY's text format, each message is one row.
        if (isWanted) {
          this.#rowsReceived++
          rows++
        } else if (!this.#isDiscarding) {
          this.truncated = true
        }
      } else if (this.#messageMissing > 0) {
        const length = Math.min(this.#messageMissing, end - at)
        this.#message.push(Buffer.from(data.subarray(at, at + length)))
        at += length
        this.#messageMissing -= length
        // The end of the COPY follows its last row.
        if (this.#messageMissing === 0 && this.#isLastMessage()) {
          this.#gather(data, kept, rows)
          this.#giveToPg()
          if (at < end) this.#emitToPg(Buffer.from(data.subarray(at, end)))
          return
        }
        if (this.#messageMissing === 0) this.#giveToPg()
      } else {
        at = this.#readHeader(data, at)
      }
    }
    this.#gather(data, kept, rows)
    if (this.#wake !== undefined && this.#chunk !== undefined) this.#fillSoon()
  }

  #measure(data: Buffer, start: number, end: number): void {
    const exceeded = this.#rowMeter?.push(data, start, end)
    if (exceeded === undefined) return
    this.#isMeasuring = false
    this.#rowTooLarge = new RowTooLarge(this.#rowsReceived + 1, exceeded === 'row' ? undefined : exceeded.column)
    this.discard()
    this.#wake?.()
  }

  /** @param rows the number of rows that end in the first `end` bytes; they count when the last of these bytes is stored */
  #gather(data: Buffer, end: number, rows: number): void {
    if (this.#isDiscarding) return
    let at = 0
    while (at < end) {
      if (this.#chunk !== undefined && this.#chunk.length === CHUNK_BYTES) this.#finishChunk()
      const chunk = this.#chunk ?? this.#emptyChunk()
      this.#chunk = chunk
      const length = Math.min(end - at, CHUNK_BYTES - chunk.length)
      data.copy(chunk.buffer, chunk.length, at, at + length)
      chunk.length += length
      at += length
      if (at === end) chunk.rows += rows
    }
  }

  #emptyChunk(): Chunk {
    const chunk = this.#free.pop() ?? { buffer: Buffer.allocUnsafeSlow(CHUNK_BYTES), length: 0, rows: 0 }
    chunk.length = 0
    chunk.rows = 0
    return chunk
  }

  /** Gives the current chunk to the reader. */
  #finishChunk(): void {
    const chunk = this.#chunk
    if (chunk === undefined || this.#isDiscarding) return
    this.#chunk = undefined
    clearTimeout(this.#fillTimer)
    this.#fillTimer = undefined
    this.#queue.push(chunk)
    this.#wake?.()
    if (this.#queue.length >= MAX_QUEUED_CHUNKS && !this.#isPaused && !this.#isOver) {
      this.#isPaused = true
      this.#connection?.stream.pause()
    }
  }

  #fillSoon(): void {
    this.#fillTimer ??= setTimeout(() => this.#finishChunk(), FILL_TIMEOUT_MS)
  }

  /** @returns the position after it, or the end of the data */
  #readHeader(data: Buffer, start: number): number {
    let type: number
    let length: number
    let at = start
    if (this.#headerBytes === 0 && data.length - at >= HEADER_BYTES) {
      type = data[at] as number
      length = data.readUInt32BE(at + 1)
      at += HEADER_BYTES
    } else {
      const taken = Math.min(HEADER_BYTES - this.#headerBytes, data.length - at)
      data.copy(this.#header, this.#headerBytes, at, at + taken)
      this.#headerBytes += taken
      at += taken
      if (this.#headerBytes < HEADER_BYTES) return at
      this.#headerBytes = 0
      type = this.#header[0] as number
      length = this.#header.readUInt32BE(1)
    }
    if (type === COPY_DATA) {
      this.#missing = length - 4
      const isWanted = !this.#isDiscarding && this.#rowsReceived < this.#options.maxRows
      this.#isMeasuring = isWanted && this.#rowMeter?.begin(this.#missing) === true
      return at
    }
    const header = Buffer.alloc(HEADER_BYTES)
    header[0] = type
    header.writeUInt32BE(length, 1)
    this.#message = [header]
    this.#messageMissing = length - 4
    if (this.#messageMissing === 0) this.#giveToPg()
    return at
  }

  #isLastMessage(): boolean {
    return this.#message[0]?.[0] === READY_FOR_QUERY
  }

  /** Passes all messages except rows to pg: errors, notices, the end. After the last one, pg handles the connection again. */
  #giveToPg(): void {
    const isLast = this.#isLastMessage()
    const message = Buffer.concat(this.#message)
    this.#message = []
    if (isLast) {
      this.#isOver = true
      const stream = this.#connection?.stream
      stream?.off('data', this.#onData)
      stream?.off(SHARED_DATA, this.#onData)
      for (const listener of this.#pgListeners) stream?.on('data', listener)
    }
    this.#emitToPg(message)
  }

  #emitToPg(data: Buffer): void {
    for (const listener of this.#pgListeners) listener.call(this.#connection?.stream, data)
  }
}

const MARK = '/* waybill copy '

/** The copies whose connection does not run them yet, by the text of their statement. */
export class PendingCopies {
  readonly #pending = new Map<string, CopyOut>()

  add(sql: string, options: CopyOptions): { readonly copy: CopyOut; readonly text: string } {
    const text = `${MARK}${randomUUID()} */`
    const copy = new CopyOut(`COPY (${sql}) TO STDOUT (FORMAT text, ENCODING 'UTF8')`, options)
    this.#pending.set(text, copy)
    void copy.settled.then(() => this.#pending.delete(text))
    return { copy, text }
  }

  /** The copy whose mark this query contains. */
  take(query: unknown): CopyOut | undefined {
    const text = (query as { text?: unknown } | undefined)?.text
    if (typeof text !== 'string' || !text.startsWith(MARK)) return undefined
    const copy = this.#pending.get(text)
    this.#pending.delete(text)
    return copy
  }
}

/** Runs the copy on the connection. Settles like a query of pg. */
export async function runCopy(run: (query: unknown) => unknown, copy: CopyOut): Promise<pg.QueryResult> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  copy.callback = (error) => (error ? reject(error) : resolve())
  run(copy)
  await promise
  return { command: 'COPY', rowCount: 0, oid: 0, fields: [], rows: [] }
}

/** Adds `$copy` to a client and its transactions. Call it in a transaction, so that the connection stays the same. */
export const copyExtension = (copies: PendingCopies) =>
  Prisma.defineExtension({
    name: 'copy',
    client: {
      /** Starts a COPY of the query. */
      $copy(sql: string, options: CopyOptions): CopyOut {
        const { copy, text } = copies.add(sql, options)
        const context = Prisma.getExtensionContext(this) as unknown as {
          $executeRawUnsafe(sql: string): Promise<number>
        }
        copy.follow(context.$executeRawUnsafe(text))
        return copy
      },
    },
  })
