// The main loop of all formats: it passes chunks of rows to a sink, and yields the output of the sink.
import type { Column, RowChunks } from '../vocabulary/table.ts'
import { abortable } from './abortable.ts'
import type { Output } from './output.ts'
import { RowReader, type RowSink } from './row-reader.ts'

/** The part that differs between formats. It writes cells, and the start and the end of the file, into `output`. */
export interface FileSink extends RowSink {
  readonly output: Output
  /** Called before the first row. */
  begin(): void
  /** Called after the last row. */
  end(): void
}

/**
 * Yields the output of a chunk before it reads the next chunk, so a slow consumer slows the source down. Each piece is valid
 * until the next is requested.
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
