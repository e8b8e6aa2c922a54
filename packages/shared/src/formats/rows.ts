// Reads rows into memory as texts: for a preview of a few, and for tests.
import type { Column, Row, RowChunks } from '../vocabulary/table.ts'
import { LAST, RowReader, type RowSink } from './row-reader.ts'

/** All rows, in order. */
export async function readRows(columns: readonly Column[], chunks: RowChunks): Promise<Row[]> {
  const sink = new RowsSink()
  const reader = new RowReader(columns, sink)
  for await (const chunk of chunks) reader.push(chunk)
  reader.end()
  return sink.rows
}

class RowsSink implements RowSink {
  readonly isSpecial = new Uint8Array(256)
  readonly rows: Row[] = []
  #cells: (string | null)[] = []
  #parts: Uint8Array[] = []

  cell(_column: number, bytes: Uint8Array, start: number, end: number, part: number): void {
    this.#parts.push(Uint8Array.prototype.slice.call(bytes, start, end))
    if (!(part & LAST)) return
    this.#cells.push(Buffer.concat(this.#parts).toString('utf8'))
    this.#parts = []
  }

  nullCell(): void {
    this.#cells.push(null)
  }

  endRow(): void {
    this.rows.push(this.#cells)
    this.#cells = []
  }
}
