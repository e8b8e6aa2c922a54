// The Format seam: how rows become the bytes of a file.
import type { CsvOptions, WarningCode } from '../vocabulary/export.ts'
import type { Column, RowChunks } from '../vocabulary/table.ts'

export interface EncodeContext {
  /** Options of the csv format; the others ignore them. */
  readonly csv: CsvOptions
  /** Counts something the reader of the file should know, e.g. a cell that had to be cut. */
  readonly warn: (code: WarningCode) => void
  /** Aborted when the export stops; an encoder that waits for anything must give up then. */
  readonly signal: AbortSignal
}

export interface Format {
  /** Without the dot. */
  readonly extension: string
  readonly contentType: string
  /** False where the format is already compressed. */
  readonly compressible: boolean
  /**
   * Encodes the rows, in order. Pulls the next chunk only when its bytes have been taken, so a slow sink holds the
   * source back. Errors of `rows` pass through. Zero rows still give a valid file. The bytes of a chunk are valid until the
   * next is asked for.
   */
  encode(columns: readonly Column[], rows: RowChunks, context: EncodeContext): AsyncIterable<Uint8Array>
}
