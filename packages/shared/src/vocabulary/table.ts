// The data that datasets, formats and storage exchange: columns, and rows as bytes.

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
 * One cell as a format gets it: UTF-8 text, exactly as Postgres prints it in a session with TimeZone=UTC; null is SQL NULL.
 *
 * boolean: `true` or `false`. timestamp: `2026-05-01T12:00:00.123456Z`, always six digits, also
 * `infinity` and `-infinity`. date: `2026-05-01`. json: compact or as jsonb prints it. float and numeric:
 * Postgres' digits, also `NaN`, `Infinity`, `-Infinity`.
 */
export type Cell = string | null

/** Cells in the order of the columns. */
export type Row = readonly Cell[]

/**
 * Rows on their way from a source to a format: chunks of the text format of Postgres' COPY, in UTF-8
 * (https://www.postgresql.org/docs/current/sql-copy.html, "Text Format").
 *
 * A row is its cells with a tab between them, and a line feed at the end. NULL is `\N`. In a cell a backslash is `\\`,
 * and backspace, form feed, line feed, carriage return, tab and vertical tab are `\b \f \n \r \t \v`; nothing else is
 * escaped. So a line feed byte is always the end of a row. A chunk may end anywhere, also in the middle of a character.
 * The bytes of a chunk are only valid until the next chunk is requested.
 */
export type RowChunks = AsyncIterable<Uint8Array>
