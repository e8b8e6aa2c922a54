// Reads rows into memory as text, and converts them back to chunks, for previews and tests.
import type { Cell, Column, Row, RowChunks } from '../vocabulary/table.ts'
import { LAST, RowReader, type RowSink } from './row-reader.ts'

/** Returns all rows in order. */
export async function readRows(columns: readonly Column[], chunks: RowChunks): Promise<Row[]> {
  const sink = new RowsSink()
  const reader = new RowReader(columns, sink)
  for await (const chunk of chunks) reader.push(chunk)
  reader.end()
  return sink.rows
}

/** The rows in the form in which a source sends them. */
export async function* rowChunks(rows: readonly Row[]): AsyncGenerator<Uint8Array, void, void> {
  for (const row of rows) yield Buffer.from(`${row.map(copyText).join('\t')}\n`)
}

const COPY_ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
}

function copyText(cell: Cell): string {
  return cell === null
    ? '\\N'
    : cell.replaceAll(/[\\\b\f\n\r\t\v]/g, (character) => COPY_ESCAPES[character] ?? character)
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
