// Splits chunks of rows into cells, and passes each cell to a format as bytes (RowChunks in vocabulary/table.ts).
import type { Column } from '../vocabulary/table.ts'
import { MomentWriter } from './moment.ts'

/**
 * A cell with more bytes is passed in parts. Numbers of Postgres have at most 147,455 bytes, so only text and json are passed in
 * parts.
 */
const MAX_WHOLE_CELL = 262_144

/** The bits of `part`. */
export const FIRST = 1
export const LAST = 2
export const WHOLE = 3

/** Receives the cells and rows. */
export interface RowSink {
  /** By byte: 1 if the sink may have to change it. A cell without such bytes can be copied unchanged. */
  readonly isSpecial: Uint8Array
  /**
   * Receives a cell, or a part of it: `bytes` from `start` to `end`, which are only valid during the call.
   *
   * @param part FIRST, LAST, WHOLE (both), or 0 within a cell
   * @param hasSpecial whether one of the bytes is special
   */
  cell(column: number, bytes: Uint8Array, start: number, end: number, part: number, hasSpecial: boolean): void
  /** Receives a NULL. */
  nullCell(column: number): void
  endRow(): void
}

const TAB = 0x09
const LINE_FEED = 0x0a
const BACKSLASH = 0x5c
const CAPITAL_N = 0x4e

/** For fewer bytes, a loop is faster than TypedArray.set, which allocates an object. */
const SHORT_RUN = 64

/** The buffer of held cells grows from this size: most cells are short, and a small export should not cost much memory. */
const FIRST_HELD_BYTES = 2_048

/** The bits of the class of a byte: it ends a run of unescaped bytes; it is special for the sink. */
const ENDS_RUN = 1
const SPECIAL = 2

/** By the byte after a backslash: the unescaped byte. */
const UNESCAPED = Uint8Array.from({ length: 256 }, (_, byte) => byte)
for (const [letter, character] of Object.entries({ b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' })) {
  UNESCAPED[letter.charCodeAt(0)] = character.charCodeAt(0)
}

/**
 * Most cells are within one chunk and have no escapes. They are passed without a copy. All others are collected in a buffer of
 * MAX_WHOLE_CELL bytes first.
 */
export class RowReader {
  readonly #sink: RowSink
  readonly #lastColumn: number
  /** By column: 1 if it has timestamps or dates, which are rewritten. */
  readonly #isMoment: Uint8Array
  readonly #moment = new MomentWriter()
  /** The class of each byte. */
  readonly #classes: Uint8Array
  #column = 0
  /** The collected bytes of the current cell. */
  #held: Uint8Array = Buffer.allocUnsafe(FIRST_HELD_BYTES)
  #heldBytes = 0
  /** Whether the current cell is collected, because it started in an earlier chunk or has an escape. */
  #isHolding = false
  #isNull = false
  /** Whether the last byte was a backslash. */
  #isEscaping = false
  /** Whether a part of the current cell was passed. */
  #isInParts = false

  constructor(columns: readonly Column[], sink: RowSink) {
    this.#sink = sink
    this.#lastColumn = columns.length - 1
    this.#classes = sink.isSpecial.map((isSpecial) => (isSpecial === 0 ? 0 : SPECIAL))
    for (const byte of [TAB, LINE_FEED, BACKSLASH]) this.#classes[byte] = (this.#classes[byte] as number) | ENDS_RUN
    this.#isMoment = Uint8Array.from(columns, ({ kind }) => (kind === 'timestamp' || kind === 'date' ? 1 : 0))
  }

  push(chunk: Uint8Array): void {
    const classes = this.#classes
    const end = chunk.length
    let at = this.#isHolding ? this.#hold(chunk, 0) : 0
    while (at < end) {
      const start = at
      let seen = 0
      for (; at < end; at++) {
        const found = classes[chunk[at] as number] as number
        if ((found & ENDS_RUN) !== 0) break
        seen |= found
      }
      const byte = chunk[at]
      if (byte === TAB || byte === LINE_FEED) {
        this.#whole(chunk, start, at, seen !== 0)
        this.#next(byte)
        at++
      } else if (at === start && at + 2 < end && chunk[at + 1] === CAPITAL_N) {
        // `\N` is always a whole cell, so the next byte ends the cell.
        this.#sink.nullCell(this.#column)
        this.#next(chunk[at + 2])
        at += 3
      } else {
        this.#isHolding = true
        at = this.#hold(chunk, start)
      }
    }
  }

  /** @throws Error if the last row is incomplete */
  end(): void {
    if (this.#isHolding || this.#column !== 0) throw new Error('The rows end in the middle of a row.')
  }

  /** Collects the cell that continues at `at`. @returns the position after the cell, or the end of the chunk */
  #hold(chunk: Uint8Array, start: number): number {
    const end = chunk.length
    let at = start
    while (at < end) {
      const byte = chunk[at] as number
      if (this.#isEscaping) {
        this.#isEscaping = false
        if (byte === CAPITAL_N) this.#isNull = true
        else this.#holdByte(UNESCAPED[byte] as number)
        at++
      } else if (byte === BACKSLASH) {
        this.#isEscaping = true
        at++
      } else if (byte === TAB || byte === LINE_FEED) {
        this.#handOn()
        this.#next(byte)
        return at + 1
      } else {
        const from = at
        while (at < end && ((this.#classes[chunk[at] as number] as number) & ENDS_RUN) === 0) at++
        this.#holdRun(chunk, from, at)
      }
    }
    return at
  }

  #holdByte(byte: number): void {
    if (this.#heldBytes === this.#held.length) this.#growHeld(1)
    if (this.#heldBytes === MAX_WHOLE_CELL) this.#handOnPart()
    this.#held[this.#heldBytes++] = byte
  }

  #holdRun(chunk: Uint8Array, start: number, end: number): void {
    let at = start
    while (at < end) {
      if (this.#heldBytes === MAX_WHOLE_CELL) this.#handOnPart()
      if (end - at > this.#held.length - this.#heldBytes) this.#growHeld(end - at)
      const length = Math.min(end - at, MAX_WHOLE_CELL - this.#heldBytes)
      if (length < SHORT_RUN) for (let i = 0; i < length; i++) this.#held[this.#heldBytes + i] = chunk[at + i] as number
      else this.#held.set(chunk.subarray(at, at + length), this.#heldBytes)
      this.#heldBytes += length
      at += length
    }
  }

  /** Makes room for so many more bytes, up to MAX_WHOLE_CELL in all. */
  #growHeld(bytes: number): void {
    const wanted = Math.min(MAX_WHOLE_CELL, Math.max(this.#heldBytes + bytes, 2 * this.#held.length))
    if (wanted <= this.#held.length) return
    const larger = Buffer.allocUnsafeSlow(wanted)
    larger.set(this.#held.subarray(0, this.#heldBytes))
    this.#held = larger
  }

  /** Passes the collected bytes as a part, because the cell is larger than the buffer. */
  #handOnPart(): void {
    const part = this.#isInParts ? 0 : FIRST
    this.#sink.cell(this.#column, this.#held, 0, this.#heldBytes, part, this.#hasSpecial(this.#held, this.#heldBytes))
    this.#isInParts = true
    this.#heldBytes = 0
  }

  #handOn(): void {
    const hasSpecial = this.#hasSpecial(this.#held, this.#heldBytes)
    if (this.#isNull) this.#sink.nullCell(this.#column)
    else if (this.#isInParts) this.#sink.cell(this.#column, this.#held, 0, this.#heldBytes, LAST, hasSpecial)
    else this.#whole(this.#held, 0, this.#heldBytes, hasSpecial)
    this.#heldBytes = 0
    this.#isHolding = false
    this.#isNull = false
    this.#isInParts = false
  }

  #hasSpecial(bytes: Uint8Array, end: number): boolean {
    for (let i = 0; i < end; i++) if (((this.#classes[bytes[i] as number] as number) & SPECIAL) !== 0) return true
    return false
  }

  #whole(bytes: Uint8Array, start: number, end: number, hasSpecial: boolean): void {
    const column = this.#column
    if (this.#isMoment[column] === 1) {
      const length = this.#moment.rewrite(bytes, start, end)
      if (length > 0) {
        this.#sink.cell(column, this.#moment.bytes, 0, length, WHOLE, this.#hasSpecial(this.#moment.bytes, length))
        return
      }
    }
    this.#sink.cell(column, bytes, start, end, WHOLE, hasSpecial)
  }

  #next(separator: number | undefined): void {
    if (separator === TAB) {
      if (this.#column === this.#lastColumn) throw new Error('A row has more cells than there are columns.')
      this.#column++
      return
    }
    if (this.#column !== this.#lastColumn) throw new Error('A row has fewer cells than there are columns.')
    this.#column = 0
    this.#sink.endRow()
  }
}
