// Checks the text of a number: whether it is valid, and whether a double keeps its digits.

/** The grammar of RFC 8259, section 6. `xsd:double` accepts the same, and also NaN and infinities, which are excluded here. */
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/
const PARTS = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/

/** A double keeps any 15 decimal digits (DBL_DIG in C), so shorter text needs no check. */
const SAFE_LENGTH = 15

export function isNumber(text: string): boolean {
  return NUMBER.test(text)
}

/** ASCII bytes as text. */
export function textOf(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1')
}

const DASH = 0x2d
const DOT = 0x2e
const ZERO = 0x30
const NINE = 0x39

/** Whether the bytes are a number of at most 15 digits without an exponent: `-?(0|[1-9]\d*)(\.\d+)?`. */
export function isShortNumber(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start > SAFE_LENGTH) return false
  let at = bytes[start] === DASH ? start + 1 : start
  const wholeStart = at
  at = skipDigits(bytes, at, end)
  if (at === wholeStart || (bytes[wholeStart] === ZERO && at - wholeStart > 1)) return false
  if (at === end) return true
  const fractionStart = at + 1
  return bytes[at] === DOT && fractionStart < end && skipDigits(bytes, fractionStart, end) === end
}

function skipDigits(bytes: Uint8Array, start: number, end: number): number {
  let at = start
  for (; at < end; at++) {
    const byte = bytes[at] as number
    if (byte < ZERO || byte > NINE) break
  }
  return at
}

/**
 * Whether the value is unchanged if it is read as a double and printed in the shortest form, as JavaScript and most languages
 * do. Zeros that do not change the value do not count: `1.10` keeps its digits.
 */
export function keepsDigitsAsDouble(text: string): boolean {
  if (!NUMBER.test(text)) return false
  const wanted = decimalOf(text)
  const got = decimalOf(String(Number(text)))
  return wanted?.digits === got?.digits && wanted?.exponent === got?.exponent
}

/**
 * Whether a spreadsheet keeps the value: at most 15 significant digits, and within the range of Excel (2.2251E-308 to
 * 9.99999999999999E+307).
 */
export function fitsSpreadsheet(text: string): boolean {
  if (!NUMBER.test(text)) return false
  const decimal = decimalOf(text)
  return decimal !== undefined && decimal.digits.length <= SAFE_LENGTH && isInSpreadsheetRange(text)
}

export function isInSpreadsheetRange(text: string): boolean {
  const magnitude = Math.abs(Number(text))
  return magnitude === 0 ? decimalOf(text)?.digits === '' : magnitude >= 2.2251e-308 && magnitude < 1e308
}

interface Decimal {
  /** The significant digits, without zeros at either end; empty for zero. */
  readonly digits: string
  /** The power of ten of the last significant digit. */
  readonly exponent: number
}

function decimalOf(text: string): Decimal | undefined {
  const [, , whole = '', fraction = '', power = '0'] = PARTS.exec(text) ?? []
  if (whole === '') return undefined
  const all = (whole + fraction).replace(/^0+/, '')
  let end = all.length
  while (end > 0 && all.charCodeAt(end - 1) === 48) end--
  if (end === 0) return { digits: '', exponent: 0 }
  return { digits: all.slice(0, end), exponent: Number(power) - fraction.length + (all.length - end) }
}
