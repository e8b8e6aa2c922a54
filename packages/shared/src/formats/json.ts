// JSON: one array of objects, an object a line.
import type { Format } from './format.ts'
import { jsonRowWriter } from './json-rows.ts'
import { encodeText } from './text-rows.ts'

export const json: Format = {
  extension: 'json',
  contentType: 'application/json',
  compressible: true,

  encode(columns, pages, { signal }) {
    const object = jsonRowWriter(columns)
    let separator = '\n'
    const row = (cells: Parameters<typeof object>[0]) => {
      const line = separator + object(cells)
      separator = ',\n'
      return line
    }
    return encodeText({ before: '[', row, after: '\n]\n' }, pages, signal)
  },
}
