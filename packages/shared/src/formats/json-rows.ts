// Rows as JSON objects, one a line, for json and ndjson (docs/formats.md).
import type { Column, ColumnKind } from '../vocabulary/table.ts'
import type { FileSink } from './encode-rows.ts'
import { isNumber, isShortNumber, keepsDigitsAsDouble, textOf } from './numbers.ts'
import { escapeTable, Output, utf8 } from './output.ts'
import { FIRST, LAST, WHOLE } from './row-reader.ts'

/** How the cells of a column are written. */
const STRING = 0
/** The digits as Postgres printed them; NaN and the infinities, for which JSON has no number, as strings. */
const NUMBER = 1
/** A string where the reader's double would lose digits: 9007199254740993 must not come back as …992. */
const EXACT_NUMBER = 2
const BOOLEAN = 3
/** The value itself. */
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

/** What RFC 8259 wants escaped, as JSON.stringify writes it. */
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
  /** Before the first row, before each other row, and after a row. */
  readonly first: string
  readonly next: string
  readonly rowEnd: string
  readonly after: string
}

/** `{"a":1,"b":null}`, keys in the order of the columns, without a line break in it. */
export class JsonSink implements FileSink {
  readonly output = new Output()
  readonly isSpecial = IS_SPECIAL
  readonly #lines: Lines
  readonly #writtenAs: Uint8Array
  /** By column: what stands before a value, for the rows after the first. */
  readonly #prefixes: readonly Uint8Array[]
  readonly #firstPrefix: Uint8Array
  readonly #rowEnd: Uint8Array
  #isFirstRow = true
  /** A line break of the json cell that is being written was the last thing seen. */
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
   * Postgres' `json` type keeps line breaks between the tokens, which would break a line of ndjson in two. Inside a
   * string RFC 8259 allows none, so each run of them becomes a blank.
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

/** Whether the cell stands in the file without quotes. */
function isBare(writtenAs: number | undefined, bytes: Uint8Array, start: number, end: number): boolean {
  if (writtenAs === BOOLEAN) {
    const text = end - start <= 5 ? textOf(bytes, start, end) : ''
    return text === 'true' || text === 'false'
  }
  if (isShortNumber(bytes, start, end)) return true
  const text = textOf(bytes, start, end)
  return writtenAs === NUMBER ? isNumber(text) : keepsDigitsAsDouble(text)
}
