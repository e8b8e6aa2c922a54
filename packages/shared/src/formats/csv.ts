// CSV by RFC 4180. Null differs from empty text, and formulas are escaped (docs/formats.md).
import type { CsvOptions } from '../vocabulary/export.ts'
import type { Column } from '../vocabulary/table.ts'
import { encodeRows, type FileSink } from './encode-rows.ts'
import type { Format } from './format.ts'
import { escapeTable, Output, utf8 } from './output.ts'
import { FIRST, LAST, WHOLE } from './row-reader.ts'

const QUOTE = 0x22
const APOSTROPHE = 0x27
const COMMA_TO_BAR = { ',': 0x2c, ';': 0x3b, '\t': 0x09, '|': 0x7c } as const
const CARRIAGE_RETURN = 0x0d
const LINE_FEED = 0x0a

/** U+FEFF in UTF-8. It is quoted, because at the start of a file it would be read as a byte order mark. */
const BYTE_ORDER_MARK = utf8('\ufeff')
const BOM_FIRST = 0xef

const QUOTES_DOUBLED = escapeTable({ '"': '""' })

/** The start of text that a spreadsheet reads as a formula: by OWASP, "CSV Injection", and NUL by ASVS 1.2.10. */
const FORMULA_CHARACTERS = [...'=+-@＝＋－＠\t\r\n\0']
const FORMULA_STARTS = FORMULA_CHARACTERS.map(utf8)
/** By byte: 1 if a text that starts with it may be a formula. */
const MAY_START_FORMULA = new Uint8Array(256)
for (const [first] of FORMULA_STARTS) if (first !== undefined) MAY_START_FORMULA[first] = 1

export const csv: Format = {
  extension: 'csv',
  contentType: 'text/csv; charset=utf-8',
  compressible: true,

  encode: (columns, rows, { csv: options, signal }) => encodeRows(columns, rows, signal, new CsvSink(columns, options)),
}

/** Adds an apostrophe to text that a spreadsheet would run as a formula. */
export function escapeFormula(text: string): string {
  return FORMULA_CHARACTERS.some((character) => text.startsWith(character)) ? `'${text}` : text
}

class CsvSink implements FileSink {
  readonly output = new Output()
  readonly #columns: readonly Column[]
  readonly #options: CsvOptions
  readonly #delimiter: number
  /** Bytes because of which a field must or may have to be quoted. */
  readonly isSpecial = new Uint8Array(256)
  /** By column: whether formulas are escaped. Numbers, dates, ids and JSON cannot start one. */
  #guarded: Uint8Array

  constructor(columns: readonly Column[], options: CsvOptions) {
    this.#columns = columns
    this.#options = options
    this.#delimiter = COMMA_TO_BAR[options.delimiter]
    for (const byte of [this.#delimiter, QUOTE, CARRIAGE_RETURN, LINE_FEED, BOM_FIRST]) this.isSpecial[byte] = 1
    this.#guarded = Uint8Array.from(columns, ({ kind }) => (options.escapeFormulas && kind === 'text' ? 1 : 0))
  }

  begin(): void {
    if (this.#options.bom) this.output.write(BYTE_ORDER_MARK)
    if (!this.#options.header) return
    const guarded = this.#guarded
    this.#guarded = new Uint8Array(this.#columns.length).fill(this.#options.escapeFormulas ? 1 : 0)
    for (const [column, { name }] of this.#columns.entries()) {
      const bytes = utf8(name)
      const hasSpecial = bytes.some((byte) => this.isSpecial[byte] === 1)
      this.cell(column, bytes, 0, bytes.length, WHOLE, hasSpecial)
    }
    this.endRow()
    this.#guarded = guarded
  }

  cell(column: number, bytes: Uint8Array, start: number, end: number, part: number, hasSpecial: boolean): void {
    const { output } = this
    if (part & FIRST && column > 0) output.byte(this.#delimiter)
    // A cell in parts is written before its end is known, so it is always quoted.
    if (part !== WHOLE || start === end || (hasSpecial && this.#needsQuotes(bytes, start, end))) {
      this.#quoted(column, bytes, start, end, part)
      return
    }
    if (this.#runsAsFormula(column, bytes, start, end)) output.byte(APOSTROPHE)
    output.copy(bytes, start, end)
  }

  nullCell(column: number): void {
    if (column > 0) this.output.byte(this.#delimiter)
  }

  endRow(): void {
    const { output } = this
    output.reserve(2)
    output.buffer[output.at++] = CARRIAGE_RETURN
    output.buffer[output.at++] = LINE_FEED
  }

  end(): void {
    // The last row already ends with CR LF.
  }

  #needsQuotes(bytes: Uint8Array, start: number, end: number): boolean {
    for (let i = start; i < end; i++) {
      const byte = bytes[i] as number
      if (this.isSpecial[byte] === 1 && (byte !== BOM_FIRST || startsWith(bytes, i, end, BYTE_ORDER_MARK))) return true
    }
    return false
  }

  #quoted(column: number, bytes: Uint8Array, start: number, end: number, part: number): void {
    const { output } = this
    if (part & FIRST) {
      output.byte(QUOTE)
      if (this.#runsAsFormula(column, bytes, start, end)) output.byte(APOSTROPHE)
    }
    output.escape(bytes, start, end, QUOTES_DOUBLED)
    if (part & LAST) output.byte(QUOTE)
  }

  #runsAsFormula(column: number, bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#guarded[column] === 0 || MAY_START_FORMULA[bytes[start] as number] === 0) return false
    // Not `some`, because V8 would allocate a closure for each call.
    for (const text of FORMULA_STARTS) if (startsWith(bytes, start, end, text)) return true
    return false
  }
}

function startsWith(bytes: Uint8Array, at: number, end: number, text: Uint8Array): boolean {
  if (end - at < text.length) return false
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text[i]) return false
  return true
}
