// Rewrites timestamps and dates from the form of Postgres to the form of a cell (Cell in vocabulary/table.ts).

const DASH = 0x2d
const DOT = 0x2e
const ZERO = 0x30
const NINE = 0x39
const COLON = 0x3a
const SPACE = 0x20
const CAPITAL_T = 0x54
const CAPITAL_Z = 0x5a

/** Digits of the fraction of a second. Postgres drops trailing zeros, but they are needed to sort as text. */
const FRACTION_DIGITS = 6

/**
 * `2026-05-01 12:00:00.1234+00` (timestamptz in UTC), with or without the offset, becomes `2026-05-01T12:00:00.123400Z`. Years
 * before 1 become the astronomical years of ISO 8601: 44 BC is -0043.
 */
export class MomentWriter {
  /** The result of `rewrite`. */
  readonly bytes: Uint8Array = Buffer.alloc(64)

  /** @returns the number of bytes in `bytes` that are the cell; 0: the text is already in the form of a cell */
  rewrite(source: Uint8Array, start: number, end: number): number {
    const isBc = end - start > 3 && source[end - 1] === 0x43 && source[end - 2] === 0x42 && source[end - 3] === SPACE
    const stop = isBc ? end - 3 : end
    const { bytes } = this
    let at = start
    let year = 0
    while (at < stop && isDigit(source[at])) year = year * 10 + ((source[at++] as number) - ZERO)
    // "infinity", or no timestamp.
    if (at - start < 4 || at - start > 8 || source[at] !== DASH) return 0
    let to = isBc ? this.#writeYear(1 - year) : copy(source, start, at, bytes, 0)
    const dayEnd = at + 6
    if (dayEnd > stop) return 0
    to = copy(source, at, dayEnd, bytes, to)
    if (dayEnd === stop) return isBc ? to : 0
    const timeEnd = dayEnd + 9
    if (source[dayEnd] !== SPACE || timeEnd > stop || source[dayEnd + 3] !== COLON) return 0
    bytes[to++] = CAPITAL_T
    to = copy(source, dayEnd + 1, timeEnd, bytes, to)
    bytes[to++] = DOT
    at = timeEnd
    let digits = 0
    if (source[at] === DOT) {
      at++
      while (at < stop && isDigit(source[at]) && digits < FRACTION_DIGITS) {
        bytes[to++] = source[at++] as number
        digits++
      }
    }
    while (digits++ < FRACTION_DIGITS) bytes[to++] = ZERO
    const hasOffset = stop - at === 3 && source[at] === 0x2b && source[at + 1] === ZERO && source[at + 2] === ZERO
    if (at !== stop && !hasOffset) return 0
    bytes[to++] = CAPITAL_Z
    return to
  }

  /** Writes a year that is 0 or negative. @returns the number of bytes */
  #writeYear(year: number): number {
    const text = year === 0 ? '0000' : `-${String(-year).padStart(4, '0')}`
    for (let i = 0; i < text.length; i++) this.bytes[i] = text.charCodeAt(i)
    return text.length
  }
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= NINE
}

function copy(source: Uint8Array, start: number, end: number, target: Uint8Array, at: number): number {
  let to = at
  for (let i = start; i < end; i++) target[to++] = source[i] as number
  return to
}
