// JSON: one array of objects, with one object per line.
import { encodeRows } from './encode-rows.ts'
import type { Format } from './format.ts'
import { JsonSink } from './json-rows.ts'

const LINES = { before: '[', first: '\n', next: ',\n', rowEnd: '', after: '\n]\n' }

export const json: Format = {
  extension: 'json',
  contentType: 'application/json',
  compressible: true,

  encode: (columns, rows, { signal }) => encodeRows(columns, rows, signal, new JsonSink(columns, LINES)),
}
