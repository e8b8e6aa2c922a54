// CSV by RFC 4180, with null told from empty text and with a guard against formulas (docs/formats.md).
import type { CsvOptions } from '../vocabulary/export.ts'
import type { Cell, Column, Row } from '../vocabulary/table.ts'
import type { Format } from './format.ts'
import { encodeText } from './text-rows.ts'

/**
 * Text that a spreadsheet would take for a formula: what OWASP's "CSV Injection" lists, with the full-width forms,
 * and NUL as ASVS 1.2.10 adds. It is what design.md promises its readers, no more: they may rely on all else.
 */
const RUNS_AS_FORMULA = /^[=+\-@＝＋－＠\t\r\n\0]/

/** U+FEFF is quoted too, else at the start of a file it would be read as a byte order mark and lost. */
const QUOTED_ALWAYS = '"\r\n\ufeff'

export const csv: Format = {
  extension: 'csv',
  contentType: 'text/csv; charset=utf-8',
  compressible: true,

  encode(columns, pages, { csv: options, signal }) {
    const writeRow = rowWriter(columns, options)
    const header = options.header ? headerLine(columns, options) : ''
    return encodeText({ before: (options.bom ? '\ufeff' : '') + header, row: writeRow, after: '' }, pages, signal)
  },
}

/** Adds an apostrophe to text that a spreadsheet would run as a formula. */
export function escapeFormula(text: string): string {
  return RUNS_AS_FORMULA.test(text) ? `'${text}` : text
}

function headerLine(columns: readonly Column[], options: CsvOptions): string {
  const asText = columns.map(({ name }): Column => ({ name, kind: 'text' }))
  return rowWriter(asText, options)(columns.map(({ name }) => name))
}

function rowWriter(columns: readonly Column[], { delimiter, escapeFormulas }: CsvOptions): (row: Row) => string {
  const needsQuotes = new RegExp(`[${delimiter}${QUOTED_ALWAYS}]`)
  // Numbers, dates and ids are what they are, also with a minus in front. JSON text cannot run: it starts with
  // { [ " or a letter, or it is a number; and a guarded -5 would no longer be JSON.
  const guarded = columns.map(({ kind }) => escapeFormulas && kind === 'text')

  const field = (cell: Cell | undefined, guard: boolean | undefined): string => {
    if (cell === null || cell === undefined) return ''
    if (cell === '') return '""'
    const text = guard && !startsPlain(cell) ? escapeFormula(cell) : cell
    return needsQuotes.test(text) ? `"${text.replaceAll('"', '""')}"` : text
  }

  return (row) => {
    let line = field(row[0], guarded[0])
    for (let i = 1; i < guarded.length; i++) line += delimiter + field(row[i], guarded[i])
    return `${line}\r\n`
  }
}

/** Nearly all text starts with an ASCII letter or digit: looking at one character first saves the expression. */
function startsPlain(text: string): boolean {
  const code = text.charCodeAt(0)
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || (code >= 48 && code <= 57)
}
