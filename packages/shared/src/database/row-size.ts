// Limits the bytes of a row of a COPY, and of each of its cells.

/** Bytes of the values in UTF-8, without the escapes and separators of COPY. */
export interface RowLimits {
  readonly maxRowBytes: number
  readonly maxCellBytes: number
}

/** A row exceeds one of the {@link RowLimits}. */
export class RowTooLarge extends Error {
  override readonly name = 'RowTooLarge'
  /** Counted from 1. */
  readonly row: number
  /** Index of the cell that exceeds `maxCellBytes`; undefined: the whole row exceeds `maxRowBytes`. */
  readonly column: number | undefined

  constructor(row: number, column: number | undefined) {
    super(`row ${row} is too large`)
    this.row = row
    this.column = column
  }
}

const TAB = 0x09
const LINE_FEED = 0x0a
const BACKSLASH = 0x5c
const CAPITAL_N = 0x4e

/**
 * Measures the rows that may exceed a limit. The server sends the length of each row before the row, and a row is never
 * longer than its text in COPY: so rows below the limits cost one comparison.
 */
export class RowMeter {
  readonly #limits: RowLimits
  #rowBytes = 0
  #cellBytes = 0
  #column = 0
  #isEscaping = false

  constructor(limits: RowLimits) {
    this.#limits = limits
  }

  /** @param copyBytes of the row as COPY sends it @returns whether the row must be measured */
  begin(copyBytes: number): boolean {
    const { maxRowBytes, maxCellBytes } = this.#limits
    if (copyBytes <= maxRowBytes && copyBytes <= maxCellBytes) return false
    this.#rowBytes = 0
    this.#cellBytes = 0
    this.#column = 0
    this.#isEscaping = false
    return true
  }

  /** The next bytes of the row. @returns the limit that they exceed */
  push(bytes: Uint8Array, start: number, end: number): 'row' | { readonly column: number } | undefined {
    const { maxRowBytes, maxCellBytes } = this.#limits
    for (let at = start; at < end; at++) {
      const byte = bytes[at] as number
      if (this.#isEscaping) {
        this.#isEscaping = false
        if (byte === CAPITAL_N) continue // `\N` is NULL
      } else if (byte === BACKSLASH) {
        this.#isEscaping = true
        continue
      } else if (byte === TAB || byte === LINE_FEED) {
        this.#column++
        this.#cellBytes = 0
        continue
      }
      if (++this.#cellBytes > maxCellBytes) return { column: this.#column }
      if (++this.#rowBytes > maxRowBytes) return 'row'
    }
    return undefined
  }
}
