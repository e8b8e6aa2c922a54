// A row as one JSON object on one line, for json and ndjson (docs/formats.md).
import type { Cell, Column, ColumnKind, Row } from '../vocabulary/table.ts'
import { isNumber, keepsDigitsAsDouble } from './numbers.ts'

type WriteValue = (cell: string) => string

/** What JSON.stringify would escape, lone surrogates (which UTF-8 cannot hold) among it. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const NEEDS_ESCAPES = /["\\\u0000-\u001f\ud800-\udfff]/

const string: WriteValue = (cell) => (NEEDS_ESCAPES.test(cell) ? JSON.stringify(cell) : `"${cell}"`)

/** The digits as Postgres printed them; NaN and the infinities, for which JSON has no number, as strings. */
const number: WriteValue = (cell) => (isNumber(cell) ? cell : string(cell))

/** A string where the reader's double would lose digits: 9007199254740993 must not come back as …992. */
const exactNumber: WriteValue = (cell) => (keepsDigitsAsDouble(cell) ? cell : string(cell))

const boolean: WriteValue = (cell) => (cell === 'true' || cell === 'false' ? cell : string(cell))

/**
 * The value as it is. Postgres' `json` type keeps line breaks between the tokens, which would break a line of
 * ndjson in two; inside a string RFC 8259 allows none, so that all of them may go.
 */
const embedded: WriteValue = (cell) =>
  cell.includes('\n') || cell.includes('\r') ? cell.replaceAll(/[\r\n]+/g, ' ') : cell

const WRITERS: Record<ColumnKind, WriteValue> = {
  uuid: string,
  text: string,
  integer: number,
  float: number,
  bigint: exactNumber,
  numeric: exactNumber,
  boolean,
  timestamp: string,
  date: string,
  json: embedded,
}

/** `{"a":1,"b":null}`, keys in the order of the columns, without a line break. */
export function jsonRowWriter(columns: readonly Column[]): (row: Row) => string {
  const keys = columns.map(({ name }, index) => `${index === 0 ? '{' : ','}${JSON.stringify(name)}:`)
  const writers = columns.map(({ kind }) => WRITERS[kind])

  const value = (cell: Cell | undefined, write: WriteValue | undefined): string =>
    cell === null || cell === undefined || write === undefined ? 'null' : write(cell)

  return (row) => {
    let line = ''
    for (let i = 0; i < keys.length; i++) line += keys[i] + value(row[i], writers[i])
    return `${line}}`
  }
}
