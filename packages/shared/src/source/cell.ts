// Turns the text that Postgres prints into the canonical text of a cell.
import type { Column } from '../vocabulary/table.ts'

/** Per column: how its text becomes the cell; undefined where it is one already. */
export function cellReaders(columns: readonly Column[]): readonly (((text: string) => string) | undefined)[] {
  return columns.map(({ kind }) => (kind === 'timestamp' ? timestampCell : kind === 'date' ? dateCell : undefined))
}

const SIX_ZEROS = '000000'

/**
 * `2026-05-01 12:00:00.1234+00` (timestamptz in UTC) or the same without an offset (timestamp) to
 * `2026-05-01T12:00:00.123400Z`. Postgres drops trailing zeros of the fraction; RFC 3339 readers and
 * sorting by text want them all there. `infinity` and `-infinity` stay. Years before 1 become ISO 8601's
 * astronomical years: 44 BC is -0043.
 */
export function timestampCell(text: string): string {
  if (text.endsWith('infinity')) return text
  if (text.endsWith(' BC'))
    return `${astronomicalYear(text)}${timestampCell(`0000${text.slice(text.indexOf('-'), -3)}`).slice(4)}`
  const end = text.endsWith('+00') ? text.length - 3 : text.length
  const space = text.indexOf(' ')
  const dot = space + 9
  const fraction = end > dot ? text.slice(dot + 1, end) : ''
  return `${text.slice(0, space)}T${text.slice(space + 1, dot)}.${fraction}${SIX_ZEROS.slice(fraction.length)}Z`
}

/** `2026-05-01` as it is; years before 1 as in {@link timestampCell}. */
export function dateCell(text: string): string {
  return text.endsWith(' BC') ? `${astronomicalYear(text)}${text.slice(text.indexOf('-'), -3)}` : text
}

function astronomicalYear(text: string): string {
  const year = Number.parseInt(text, 10) - 1
  return year === 0 ? '0000' : `-${String(year).padStart(4, '0')}`
}
