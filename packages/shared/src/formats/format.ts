// The interface of a format, which encodes rows to the bytes of a file.
import type { CsvOptions, WarningCode } from '../vocabulary/export.ts'
import type { Column, RowChunks } from '../vocabulary/table.ts'

export interface EncodeContext {
  /** Options of the format csv. Other formats ignore them. */
  readonly csv: CsvOptions
  /** Counts a value that the file holds in another form, e.g. a cell that was cut. */
  readonly warn: (code: WarningCode) => void
  /** Aborted when the export stops. An encoder that waits must end then. */
  readonly signal: AbortSignal
}

export interface Format {
  /** Without the dot. */
  readonly extension: string
  readonly contentType: string
  /** False if the format is already compressed. */
  readonly compressible: boolean
  /**
   * Encodes the rows in order. It reads the next chunk only after its output has been taken, so a slow consumer slows the
   * source down. Errors of `rows` are passed on. Without rows, the file is valid too. Each chunk is valid until the next is
   * requested.
   */
  encode(columns: readonly Column[], rows: RowChunks, context: EncodeContext): AsyncIterable<Uint8Array>
}
