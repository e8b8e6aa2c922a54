// The data that datasets, formats and storage exchange: columns and pages of text cells.

/** The type of a column, which decides how each format writes its text (docs/formats.md). */
export const COLUMN_KINDS = [
  'uuid',
  'text',
  'integer',
  'bigint',
  'float',
  'numeric',
  'boolean',
  'timestamp',
  'date',
  'json',
] as const

export type ColumnKind = (typeof COLUMN_KINDS)[number]

/** A column of a file: its header and the kind of its cells. */
export interface Column {
  readonly name: string
  readonly kind: ColumnKind
}

/**
 * One cell, exactly as Postgres prints it in a session with TimeZone=UTC; null is SQL NULL.
 *
 * boolean: `true` or `false`. timestamp: `2026-05-01T12:00:00.123456Z`, always six digits, also
 * `infinity` and `-infinity`. date: `2026-05-01`. json: compact or as jsonb prints it. float and numeric:
 * Postgres' digits, also `NaN`, `Infinity`, `-Infinity`.
 */
export type Cell = string | null

/** Cells in the order of the columns. */
export type Row = readonly Cell[]

/** A batch of rows, the unit of reading and encoding. Never empty. */
export type Page = readonly Row[]
