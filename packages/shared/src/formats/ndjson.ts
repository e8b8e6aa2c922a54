// Newline-delimited JSON: one object per line, so that a reader needs memory for one row only.
import { encodeRows } from './encode-rows.ts'
import type { Format } from './format.ts'
import { JsonSink } from './json-rows.ts'

const LINES = { before: '', first: '', next: '', rowEnd: '\n', after: '' }

export const ndjson: Format = {
  extension: 'ndjson',
  contentType: 'application/x-ndjson',
  compressible: true,

  encode: (columns, rows, { signal }) => encodeRows(columns, rows, signal, new JsonSink(columns, LINES)),
}
