// What the tests of the formats share: pages made of rows, a context, and the whole file as bytes.

import type { EncodeContext, Format } from '@waybill/shared/formats/format.ts'
import { type CsvOptions, csvOptionsSchema, type WarningCode } from '@waybill/shared/vocabulary/export.ts'
import type { Cell, Column, ColumnKind, Page, Row } from '@waybill/shared/vocabulary/table.ts'

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

export async function* pagesOf(rows: readonly Row[], size = 1000): AsyncGenerator<Page, void, void> {
  for (let start = 0; start < rows.length; start += size) yield rows.slice(start, start + size)
}

export async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = []
  for await (const chunk of chunks) all.push(chunk)
  return Buffer.concat(all)
}

/** The file of these rows. */
export async function encode(
  format: Format,
  columns: readonly Column[],
  rows: readonly Row[],
  csv: Partial<CsvOptions> = {},
): Promise<Encoded> {
  const { context, warnings } = contextWith(csv)
  const bytes = await collect(format.encode(columns, pagesOf(rows, 3), context))
  return { bytes, text: bytes.toString('utf8'), warnings }
}

/** The file of one column, headed `c`. */
export function encodeColumn(format: Format, kind: ColumnKind, cells: readonly Cell[], csv: Partial<CsvOptions> = {}) {
  return encode(
    format,
    [{ name: 'c', kind }],
    cells.map((cell) => [cell]),
    csv,
  )
}
