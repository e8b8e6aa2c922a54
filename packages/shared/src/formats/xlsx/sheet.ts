// Writes rows as the XML of worksheets, with a cell type and style for each kind of column (docs/formats.md).
import type { Column, ColumnKind } from '../../vocabulary/table.ts'
import type { EncodeContext } from '../format.ts'
import { fitsSpreadsheet, isInSpreadsheetRange, isNumber, isShortNumber, textOf } from '../numbers.ts'
import { Output, utf8 } from '../output.ts'
import { FIRST, type RowSink } from '../row-reader.ts'
import { STYLE, sheetEnd, sheetStart } from './parts.ts'
import { serialOf, writeSerial } from './serial.ts'
import { CELL_UNITS, cutToCell, xmlText } from './text.ts'

export interface SheetLimits {
  /** Rows without the header. Excel has 1,048,576 rows. */
  readonly rows: number
  /**
   * Limit for the XML of a sheet, which must stay below 4 GiB (see zip.ts). One more row may follow: 1,000 columns of 32,767
   * characters, at most 7 bytes each.
   */
  readonly bytes: number
}

const TEXT = 0
const NUMBER = 1
const EXACT_NUMBER = 2
const BOOLEAN = 3
const TIMESTAMP = 4
const DATE = 5

const WRITTEN_AS: Record<ColumnKind, number> = {
  uuid: TEXT,
  text: TEXT,
  integer: NUMBER,
  float: NUMBER,
  bigint: EXACT_NUMBER,
  numeric: EXACT_NUMBER,
  boolean: BOOLEAN,
  timestamp: TIMESTAMP,
  date: DATE,
  json: TEXT,
}

/** The XML between the reference of a cell, `<c r="A1`, and its value. */
const textStart = (style: string, space: string) => utf8(`"${style} t="inlineStr"><is><t${space}>`)
const QUOTED_STYLE = ` s="${STYLE.quoted}"`
/** Readers drop leading and trailing white space, unless the element has `xml:space="preserve"`. */
const KEEP_SPACE = ' xml:space="preserve"'
/** By the sum of two bits: 1 with quotePrefix, 2 with white space at an edge. */
const TEXT_STARTS = [
  textStart('', ''),
  textStart(QUOTED_STYLE, ''),
  textStart('', KEEP_SPACE),
  textStart(QUOTED_STYLE, KEEP_SPACE),
] as const
const TEXT_END = utf8('</t></is></c>')
const NUMBER_START = utf8('"><v>')
const TIMESTAMP_START = utf8(`" s="${STYLE.timestamp}"><v>`)
const DATE_START = utf8(`" s="${STYLE.date}"><v>`)
const NUMBER_END = utf8('</v></c>')
const TRUE_CELL = utf8('" t="b"><v>1</v></c>')
const FALSE_CELL = utf8('" t="b"><v>0</v></c>')
const ROW_START = utf8('<row r="')
const ROW_START_END = utf8('">')
const ROW_END = utf8('</row>')

const AMPERSAND = utf8('&amp;')
const LESS_THAN = utf8('&lt;')
const GREATER_THAN = utf8('&gt;')

/** By byte: 1 has a replacement, 2 must be checked as text. */
const SPECIAL = new Uint8Array(256)
for (let code = 0; code < 0x20; code++) if (code !== 0x09 && code !== 0x0a) SPECIAL[code] = 2
for (const character of '&<>') SPECIAL[character.charCodeAt(0)] = 1
/** An underscore may start an escape. The other is the first byte of U+F000 to U+FFFF, not all of which are valid in XML. */
SPECIAL[0x5f] = 2
SPECIAL[0xef] = 2

const UNDERSCORE = 0x5f
const SMALL_X = 0x78
/** UTF-8 of U+FFFE and U+FFFF: EF BF BE, EF BF BF. */
const FIRST_OF_NONCHARACTER = 0xef

/** Bytes that a loop copies faster than TypedArray.set, which needs an object. */
const SHORT_RUN_BYTES = 128

/** A marker between two sheets. */
export const SHEET_END = Symbol('sheet end')

/** Writes rows into sheets. `pieces` has the finished output, with SHEET_END before each further sheet. */
export class SheetSink implements RowSink {
  readonly isSpecial = SPECIAL
  pieces: (Uint8Array | typeof SHEET_END)[] = []
  sheets = 1
  readonly #output = new Output()
  readonly #columns: readonly Column[]
  readonly #warn: EncodeContext['warn']
  readonly #limits: SheetLimits
  readonly #writtenAs: Uint8Array
  /** By column: `<c r="A`. */
  readonly #cellStarts: readonly Uint8Array[]
  /** The digits of the current row number. */
  readonly #rowDigits: Uint8Array = Buffer.alloc(8)
  #rowDigitCount = 0
  #rowsOfSheet = 0
  /** The bytes of the sheet in earlier pieces. */
  #bytesOfSheet = 0
  #isInRow = false

  constructor(columns: readonly Column[], warn: EncodeContext['warn'], limits: SheetLimits) {
    this.#columns = columns
    this.#warn = warn
    this.#limits = limits
    this.#writtenAs = Uint8Array.from(columns, ({ kind }) => WRITTEN_AS[kind])
    this.#cellStarts = columns.map((_, index) => utf8(`<c r="${columnLetters(index)}`))
    this.#startSheet()
  }

  cell(column: number, bytes: Uint8Array, start: number, end: number, part: number, hasSpecial: boolean): void {
    // The first part of a cell in parts is already longer than a cell of a sheet can be.
    if (!(part & FIRST)) return
    if (!this.#isInRow) this.#startRow()
    switch (this.#writtenAs[column]) {
      case NUMBER:
        this.#number(column, bytes, start, end)
        break
      case EXACT_NUMBER:
        this.#exactNumber(column, bytes, start, end)
        break
      case BOOLEAN:
        this.#boolean(column, bytes, start, end)
        break
      case TIMESTAMP:
        this.#instant(column, bytes, start, end, TIMESTAMP_START, true)
        break
      case DATE:
        this.#instant(column, bytes, start, end, DATE_START, false)
        break
      default:
        this.#text(column, bytes, start, end, hasSpecial)
    }
  }

  nullCell(): void {
    if (!this.#isInRow) this.#startRow()
  }

  endRow(): void {
    this.#isInRow = false
    this.#output.write(ROW_END)
    if (this.#output.full.length > 0) this.#gather()
  }

  end(): void {
    this.#endSheet()
  }

  /** Reuses the buffer of a piece that is no longer needed. */
  recycle(piece: Uint8Array): void {
    this.#output.recycle(piece)
  }

  #startSheet(): void {
    this.#rowsOfSheet = 0
    this.#bytesOfSheet = 0
    this.#output.text(sheetStart(this.#columns, this.sheets) + headerRow(this.#columns, this.#warn))
  }

  #endSheet(): void {
    this.#output.text(sheetEnd)
    this.#output.flush()
    this.#gather()
  }

  #gather(): void {
    for (const piece of this.#output.full) {
      this.#bytesOfSheet += piece.length
      this.pieces.push(piece)
    }
    this.#output.full = []
  }

  #startRow(): void {
    const { rows, bytes } = this.#limits
    if (this.#rowsOfSheet === rows || this.#bytesOfSheet + this.#output.at >= bytes) {
      this.#endSheet()
      this.pieces.push(SHEET_END)
      this.#warn('SHEET_ROLLED_OVER')
      this.sheets++
      this.#startSheet()
    }
    this.#isInRow = true
    this.#rowsOfSheet++
    // The header is row 1.
    const digits = String(this.#rowsOfSheet + 1)
    this.#rowDigitCount = digits.length
    for (let i = 0; i < digits.length; i++) this.#rowDigits[i] = digits.charCodeAt(i)
    const output = this.#output
    output.write(ROW_START)
    output.copy(this.#rowDigits, 0, this.#rowDigitCount)
    output.write(ROW_START_END)
  }

  #startCell(column: number): void {
    const output = this.#output
    output.write(this.#cellStarts[column] as Uint8Array)
    output.copy(this.#rowDigits, 0, this.#rowDigitCount)
  }

  /** Most cells: the start, the bytes as they are, and the end. One check for room, and no call for each piece. */
  #plainCell(
    column: number,
    before: Uint8Array,
    bytes: Uint8Array,
    start: number,
    end: number,
    after: Uint8Array,
  ): void {
    const output = this.#output
    const cellStart = this.#cellStarts[column] as Uint8Array
    const digits = this.#rowDigits
    const digitCount = this.#rowDigitCount
    const startLength = cellStart.length
    const beforeLength = before.length
    const afterLength = after.length
    output.reserve(startLength + digitCount + beforeLength + (end - start) + afterLength)
    const { buffer } = output
    let { at } = output
    for (let i = 0; i < startLength; i++) buffer[at++] = cellStart[i] as number
    for (let i = 0; i < digitCount; i++) buffer[at++] = digits[i] as number
    for (let i = 0; i < beforeLength; i++) buffer[at++] = before[i] as number
    if (end - start > SHORT_RUN_BYTES) {
      buffer.set(bytes.subarray(start, end), at)
      at += end - start
    } else {
      for (let i = start; i < end; i++) buffer[at++] = bytes[i] as number
    }
    for (let i = 0; i < afterLength; i++) buffer[at++] = after[i] as number
    output.at = at
  }

  #text(column: number, bytes: Uint8Array, start: number, end: number, hasSpecial = true): void {
    // The number of UTF-16 units is never larger than the number of bytes.
    const isShort = end - start <= CELL_UNITS
    if (isShort && !hasSpecial) {
      const before = TEXT_STARTS[this.#textStyle(bytes, start, end)] as Uint8Array
      this.#plainCell(column, before, bytes, start, end, TEXT_END)
      return
    }
    this.#startCell(column)
    if (isShort) this.#specialText(bytes, start, end)
    else this.#longText(bytes, start, end)
    this.#output.write(TEXT_END)
  }

  #specialText(bytes: Uint8Array, start: number, end: number): void {
    const output = this.#output
    output.write(TEXT_STARTS[this.#textStyle(bytes, start, end)] as Uint8Array)
    let from = start
    for (let i = start; i < end; i++) {
      const byte = bytes[i] as number
      const special = SPECIAL[byte]
      if (special === 0) continue
      if (special === 1) {
        output.copy(bytes, from, i)
        output.write(byte === 0x26 ? AMPERSAND : byte === 0x3c ? LESS_THAN : GREATER_THAN)
        from = i + 1
      } else if (needsText(bytes, i, end)) {
        output.text(xmlText(utf8Text(bytes, from, end)))
        return
      }
    }
    output.copy(bytes, from, end)
  }

  #longText(bytes: Uint8Array, start: number, end: number): void {
    const written = utf8(xmlText(cutToCell(utf8Text(bytes, start, end), this.#warn)))
    this.#output.write(TEXT_STARTS[this.#textStyle(written, 0, written.length)] as Uint8Array)
    this.#output.copy(written, 0, written.length)
  }

  /** The index of TEXT_STARTS. */
  #textStyle(bytes: Uint8Array, start: number, end: number): number {
    if (start === end) return 0
    const first = bytes[start] as number
    const isFormula = first === 0x3d || first === 0x2b || first === 0x2d || first === 0x40
    return (isFormula ? 1 : 0) + (isSpace(first) || isSpace(bytes[end - 1] as number) ? 2 : 0)
  }

  #textInstead(column: number, bytes: Uint8Array, start: number, end: number): void {
    this.#warn('VALUE_AS_TEXT')
    this.#text(column, bytes, start, end)
  }

  #number(column: number, bytes: Uint8Array, start: number, end: number): void {
    const isCell = isShortNumber(bytes, start, end) || isCellNumber(textOf(bytes, start, end))
    if (isCell) this.#plainCell(column, NUMBER_START, bytes, start, end, NUMBER_END)
    else this.#textInstead(column, bytes, start, end)
  }

  /** Values with more than 15 digits are text without a warning. NaN and values out of range are text with a warning. */
  #exactNumber(column: number, bytes: Uint8Array, start: number, end: number): void {
    if (isShortNumber(bytes, start, end) || fitsSpreadsheet(textOf(bytes, start, end))) {
      this.#plainCell(column, NUMBER_START, bytes, start, end, NUMBER_END)
    } else if (isCellNumber(textOf(bytes, start, end))) {
      this.#text(column, bytes, start, end)
    } else {
      this.#textInstead(column, bytes, start, end)
    }
  }

  #boolean(column: number, bytes: Uint8Array, start: number, end: number): void {
    const text = end - start <= 5 ? textOf(bytes, start, end) : ''
    if (text !== 'true' && text !== 'false') {
      this.#text(column, bytes, start, end)
      return
    }
    this.#startCell(column)
    this.#output.write(text === 'true' ? TRUE_CELL : FALSE_CELL)
  }

  #instant(column: number, bytes: Uint8Array, start: number, end: number, before: Uint8Array, hasTime: boolean): void {
    const serial = serialOf(bytes, start, end, hasTime)
    if (serial === undefined) {
      this.#textInstead(column, bytes, start, end)
      return
    }
    this.#startCell(column)
    const output = this.#output
    output.write(before)
    writeSerial(output, serial)
    output.write(NUMBER_END)
  }
}

function isCellNumber(text: string): boolean {
  return isNumber(text) && isInSpreadsheetRange(text)
}

/** Whether the byte, for which SPECIAL is 2, has to be checked as text. */
function needsText(bytes: Uint8Array, at: number, end: number): boolean {
  const byte = bytes[at]
  if (byte === UNDERSCORE) return at + 1 < end && bytes[at + 1] === SMALL_X
  if (byte === FIRST_OF_NONCHARACTER) return bytes[at + 1] === 0xbf && ((bytes[at + 2] as number) & 0xfe) === 0xbe
  return true
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0a
}

function utf8Text(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8')
}

function headerRow(columns: readonly Column[], warn: EncodeContext['warn']): string {
  const cells = columns.map(({ name }, index) => {
    const value = xmlText(cutToCell(name, warn))
    const start = `<c r="${columnLetters(index)}1" s="${STYLE.header}" t="inlineStr">`
    return `${start}<is><t xml:space="preserve">${value}</t></is></c>`
  })
  return `<row r="1">${cells.join('')}</row>`
}

/** 0 is A, 25 is Z, 26 is AA. */
function columnLetters(index: number): string {
  const last = String.fromCharCode(65 + (index % 26))
  return index < 26 ? last : columnLetters(Math.floor(index / 26) - 1) + last
}
