// Rows of a worksheet as SpreadsheetML: which cell type, style and value each kind of column gets (docs/formats.md).
import type { Column, ColumnKind, Row } from '../../vocabulary/table.ts'
import type { EncodeContext } from '../format.ts'
import { fitsSpreadsheet, isInSpreadsheetRange, isNumber, isShortNumber } from '../numbers.ts'
import { STYLE } from './parts.ts'
import { cutToCell, xmlText } from './text.ts'

/** The rest of `<c r="A1"`: attributes, value, end tag. */
type CellWriter = (cell: string, warn: EncodeContext['warn']) => string

/** Leading and trailing white space is dropped by readers unless the element asks to keep it. */
const EDGE_SPACE = /^[ \t\n]|[ \t\n]$/
/** What Excel would run if somebody opened the cell for editing and pressed Enter. */
const LOOKS_LIKE_FORMULA = /^[=+\-@]/
const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/
const DATE = /^\d{4}-\d\d-\d\d$/

const MS_PER_DAY = 86_400_000
/** 1970-01-01 as a serial number of the 1900 date system. */
const EPOCH_SERIAL = 25_569
/**
 * 1900-03-01. Excel counts a 29 February 1900 that never was; LibreOffice and most libraries do not. The days before
 * would be read as different days, so they are written as text.
 */
const FIRST_SERIAL = 61

const text: CellWriter = (cell, warn) => {
  const value = xmlText(cutToCell(cell, warn))
  const style = LOOKS_LIKE_FORMULA.test(value) ? ` s="${STYLE.quoted}"` : ''
  const space = EDGE_SPACE.test(value) ? ' xml:space="preserve"' : ''
  return `${style} t="inlineStr"><is><t${space}>${value}</t></is></c>`
}

const textInstead: CellWriter = (cell, warn) => {
  warn('VALUE_AS_TEXT')
  return text(cell, warn)
}

const numberCell = (value: string | number, style = '') => `${style}><v>${value}</v></c>`

const number: CellWriter = (cell, warn) =>
  isShortNumber(cell) || (isNumber(cell) && isInSpreadsheetRange(cell)) ? numberCell(cell) : textInstead(cell, warn)

/** More than 15 digits are text by rule and without a warning; NaN and what is out of range have no number at all. */
const exactNumber: CellWriter = (cell, warn) => {
  if (fitsSpreadsheet(cell)) return numberCell(cell)
  return isNumber(cell) && isInSpreadsheetRange(cell) ? text(cell, warn) : textInstead(cell, warn)
}

const boolean: CellWriter = (cell, warn) => {
  if (cell === 'true') return ' t="b"><v>1</v></c>'
  if (cell === 'false') return ' t="b"><v>0</v></c>'
  return text(cell, warn)
}

const instant =
  (shape: RegExp, style: number): CellWriter =>
  (cell, warn) => {
    const serial = shape.test(cell) ? EPOCH_SERIAL + Date.parse(cell) / MS_PER_DAY : Number.NaN
    return serial >= FIRST_SERIAL ? numberCell(serial, ` s="${style}"`) : textInstead(cell, warn)
  }

const WRITERS: Record<ColumnKind, CellWriter> = {
  uuid: text,
  text,
  integer: number,
  float: number,
  bigint: exactNumber,
  numeric: exactNumber,
  boolean,
  timestamp: instant(TIMESTAMP, STYLE.timestamp),
  date: instant(DATE, STYLE.date),
  json: text,
}

/** `<row>` elements for row number `n`, counted from 1. Null cells are left out. */
export function rowWriter(columns: readonly Column[], warn: EncodeContext['warn']): (row: Row, n: number) => string {
  const starts = columns.map((_, index) => `<c r="${columnLetters(index)}`)
  const writers = columns.map(({ kind }) => WRITERS[kind])
  return (row, n) => {
    let xml = `<row r="${n}">`
    for (let i = 0; i < starts.length; i++) {
      const cell = row[i]
      const write = writers[i]
      if (cell !== null && cell !== undefined && write !== undefined) xml += `${starts[i]}${n}"${write(cell, warn)}`
    }
    return `${xml}</row>`
  }
}

export function headerRow(columns: readonly Column[], warn: EncodeContext['warn']): string {
  const cells = columns.map(({ name }, index) => {
    const value = xmlText(cutToCell(name, warn))
    const start = `<c r="${columnLetters(index)}1" s="${STYLE.header}" t="inlineStr">`
    return `${start}<is><t xml:space="preserve">${value}</t></is></c>`
  })
  return `<row r="1">${cells.join('')}</row>`
}

/** 0 is A, 25 is Z, 26 is AA. */
export function columnLetters(index: number): string {
  const last = String.fromCharCode(65 + (index % 26))
  return index < 26 ? last : columnLetters(Math.floor(index / 26) - 1) + last
}
