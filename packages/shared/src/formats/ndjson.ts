// Newline-delimited JSON: one object a line, so that a reader needs no more memory than a row.
import type { Format } from './format.ts'
import { jsonRowWriter } from './json-rows.ts'
import { encodeText } from './text-rows.ts'

export const ndjson: Format = {
  extension: 'ndjson',
  contentType: 'application/x-ndjson',
  compressible: true,

  encode(columns, pages, { signal }) {
    const object = jsonRowWriter(columns)
    return encodeText({ before: '', row: (row) => `${object(row)}\n`, after: '' }, pages, signal)
  },
}
