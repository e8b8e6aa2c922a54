// The loop that all formats share: chunks of rows go into a sink, what the sink has written comes out.
import type { Column, RowChunks } from '../vocabulary/table.ts'
import { abortable } from './abortable.ts'
import type { Output } from './output.ts'
import { RowReader, type RowSink } from './row-reader.ts'

/** A format: writes into `output`, and says how the file begins and ends. */
export interface FileSink extends RowSink {
  readonly output: Output
  /** Before the first row. */
  begin(): void
  /** After the last row. */
  end(): void
}

/**
 * Yields everything that a chunk has filled before the next chunk is pulled, so a slow consumer holds the source back. Each
 * piece is valid until the next is asked for.
 */
export async function* encodeRows(
  columns: readonly Column[],
  rows: RowChunks,
  signal: AbortSignal,
  sink: FileSink,
): AsyncGenerator<Uint8Array, void, void> {
  const { output } = sink
  const reader = new RowReader(columns, sink)
  sink.begin()
  for await (const chunk of abortable(rows, signal)) {
    reader.push(chunk)
    if (output.full.length > 0) yield* piecesOf(output)
  }
  reader.end()
  sink.end()
  output.flush()
  yield* piecesOf(output)
}

function* piecesOf(output: Output): Generator<Uint8Array, void, void> {
  const { full } = output
  output.full = []
  for (const piece of full) {
    yield piece
    output.recycle(piece)
  }
}
