// Writes rows as JSON objects, one per line, for json and ndjson (docs/formats.md).
import type { Column, ColumnKind } from '../vocabulary/table.ts'
import type { FileSink } from './encode-rows.ts'
import { isNumber, isShortNumber, keepsDigitsAsDouble, textOf } from './numbers.ts'
import { escapeTable, Output, utf8 } from './output.ts'
import { FIRST, LAST, WHOLE } from './row-reader.ts'

/** How the cells of a column are written. */
const STRING = 0
/** The digits of Postgres. NaN and infinities are strings, because JSON has no such numbers. */
const NUMBER = 1
/** As NUMBER, but a string if a double would lose digits: 9007199254740993 must not be read as …992. */
const EXACT_NUMBER = 2
const BOOLEAN = 3
/** The JSON value, unquoted. */
const JSON_VALUE = 4

const WRITTEN_AS: Record<ColumnKind, number> = {
  uuid: STRING,
  text: STRING,
  integer: NUMBER,
  float: NUMBER,
  bigint: EXACT_NUMBER,
  numeric: EXACT_NUMBER,
  boolean: BOOLEAN,
  timestamp: STRING,
  date: STRING,
  json: JSON_VALUE,
}

const QUOTE = 0x22
const NULL = utf8('null')
const SPACE = 0x20
const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d

/** The escapes that RFC 8259 requires, in the form of JSON.stringify. */
const STRING_ESCAPES = escapeTable(
  Object.fromEntries(
    Array.from({ length: 32 }, (_, code) => String.fromCharCode(code))
      .concat('"', '\\')
      .map((character) => [character, JSON.stringify(character).slice(1, -1)]),
  ),
)

const IS_SPECIAL = STRING_ESCAPES.isEscaped

export interface Lines {
  readonly before: string
  /** The text before the first row, before each other row, and after each row. */
  readonly first: string
  readonly next: string
  readonly rowEnd: string
  readonly after: string
}

/** Writes `{"a":1,"b":null}`, with the keys in the order of the columns and without line breaks. */
export class JsonSink implements FileSink {
  readonly output = new Output()
  readonly isSpecial = IS_SPECIAL
  readonly #lines: Lines
  readonly #writtenAs: Uint8Array
  /** By column: the text before its value, in all rows after the first. */
  readonly #prefixes: readonly Uint8Array[]
  readonly #firstPrefix: Uint8Array
  readonly #rowEnd: Uint8Array
  #isFirstRow = true
  /** Whether the last byte of the current json cell was a line break. */
  #isInBreak = false

  constructor(columns: readonly Column[], lines: Lines) {
    this.#lines = lines
    this.#writtenAs = Uint8Array.from(columns, ({ kind }) => WRITTEN_AS[kind])
    const keys = columns.map(({ name }) => `${JSON.stringify(name)}:`)
    this.#prefixes = keys.map((key, index) => utf8(index === 0 ? `${lines.next}{${key}` : `,${key}`))
    this.#firstPrefix = utf8(`${lines.first}{${keys[0] ?? ''}`)
    this.#rowEnd = utf8(`}${lines.rowEnd}`)
  }

  begin(): void {
    this.output.text(this.#lines.before)
  }

  cell(column: number, bytes: Uint8Array, start: number, end: number, part: number, hasSpecial: boolean): void {
    if (part & FIRST) this.#prefix(column)
    const writtenAs = this.#writtenAs[column]
    if (writtenAs === STRING) this.#string(bytes, start, end, part, hasSpecial)
    else if (writtenAs === JSON_VALUE) this.#json(bytes, start, end, part)
    else if (part === WHOLE && isBare(writtenAs, bytes, start, end)) this.output.copy(bytes, start, end)
    else this.#string(bytes, start, end, part, hasSpecial)
  }

  nullCell(column: number): void {
    this.#prefix(column)
    this.output.write(NULL)
  }

  endRow(): void {
    this.output.write(this.#rowEnd)
  }

  end(): void {
    this.output.text(this.#lines.after)
  }

  #prefix(column: number): void {
    if (column === 0 && this.#isFirstRow) {
      this.#isFirstRow = false
      this.output.write(this.#firstPrefix)
    } else {
      this.output.write(this.#prefixes[column] as Uint8Array)
    }
  }

  #string(bytes: Uint8Array, start: number, end: number, part: number, hasSpecial: boolean): void {
    const { output } = this
    if (part & FIRST) output.byte(QUOTE)
    if (hasSpecial) output.escape(bytes, start, end, STRING_ESCAPES)
    else output.copy(bytes, start, end)
    if (part & LAST) output.byte(QUOTE)
  }

  /**
   * The type `json` of Postgres keeps line breaks between tokens, which would split a line of ndjson. RFC 8259 allows no line
   * breaks in strings, so all of them are between tokens. Each run of them becomes one blank.
   */
  #json(bytes: Uint8Array, start: number, end: number, part: number): void {
    const { output } = this
    if (part & FIRST) this.#isInBreak = false
    let from = start
    for (let i = start; i < end; i++) {
      const byte = bytes[i]
      const isBreak = byte === LINE_FEED || byte === CARRIAGE_RETURN
      if (isBreak) {
        output.copy(bytes, from, i)
        from = i + 1
        if (!this.#isInBreak) output.byte(SPACE)
      }
      this.#isInBreak = isBreak
    }
    output.copy(bytes, from, end)
  }
}

/** Whether the cell is written without quotes. */
function isBare(writtenAs: number | undefined, bytes: Uint8Array, start: number, end: number): boolean {
  if (writtenAs === BOOLEAN) {
    const text = end - start <= 5 ? textOf(bytes, start, end) : ''
    return text === 'true' || text === 'false'
  }
  if (isShortNumber(bytes, start, end)) return true
  const text = textOf(bytes, start, end)
  return writtenAs === NUMBER ? isNumber(text) : keepsDigitsAsDouble(text)
}
