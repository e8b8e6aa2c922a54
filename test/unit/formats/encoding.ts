// Shared by the tests of the formats: encodes rows, in the form of COPY, to a whole file.

import type { EncodeContext, Format } from '@waybill/shared/formats/format.ts'
import { type CsvOptions, csvOptionsSchema, type WarningCode } from '@waybill/shared/vocabulary/export.ts'
import type { Cell, Column, ColumnKind, Row } from '@waybill/shared/vocabulary/table.ts'

export interface Encoded {
  readonly bytes: Buffer
  readonly text: string
  readonly warnings: ReadonlyMap<WarningCode, number>
}

export function contextWith(csv: Partial<CsvOptions> = {}, signal = new AbortController().signal) {
  const warnings = new Map<WarningCode, number>()
  const context: EncodeContext = {
    csv: csvOptionsSchema.parse(csv),
    warn: (code) => warnings.set(code, (warnings.get(code) ?? 0) + 1),
    signal,
  }
  return { context, warnings }
}

/** One row in the text format of COPY: https://www.postgresql.org/docs/current/sql-copy.html, "Text Format". */
export function copyLine(row: Row): string {
  return `${row.map((cell) => (cell === null ? '\\N' : cell.replaceAll(/[\\\b\f\n\r\t\v]/g, copyEscape))).join('\t')}\n`
}

function copyEscape(character: string): string {
  return character === '\\' ? '\\\\' : `\\${'bfnrtv'.charAt('\b\f\n\r\t\v'.indexOf(character))}`
}

/** The rows in chunks of `size` bytes. A chunk can end in the middle of a row or a character. */
export async function* chunksOf(rows: readonly Row[], size = 65_536): AsyncGenerator<Uint8Array, void, void> {
  const bytes = Buffer.from(rows.map(copyLine).join(''))
  for (let start = 0; start < bytes.length; start += size) yield Buffer.from(bytes.subarray(start, start + size))
}

export async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = []
  // Copies, because a chunk is only valid until the next one is requested.
  for await (const chunk of chunks) all.push(Buffer.from(chunk))
  return Buffer.concat(all)
}

/** The file with these rows. */
export async function encode(
  format: Format,
  columns: readonly Column[],
  rows: readonly Row[],
  csv: Partial<CsvOptions> = {},
): Promise<Encoded> {
  const { context, warnings } = contextWith(csv)
  const bytes = await collect(format.encode(columns, chunksOf(rows, 101), context))
  return { bytes, text: bytes.toString('utf8'), warnings }
}

/** The file with one column, named `c`. */
export function encodeColumn(format: Format, kind: ColumnKind, cells: readonly Cell[], csv: Partial<CsvOptions> = {}) {
  return encode(
    format,
    [{ name: 'c', kind }],
    cells.map((cell) => [cell]),
    csv,
  )
}
