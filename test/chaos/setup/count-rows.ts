// Counts the rows of a stored file with third-party parsers.
import { gunzipSync } from 'node:zlib'
import { parse } from 'csv-parse/sync'
import { readXlsx } from '../../unit/formats/read-xlsx.ts'

export interface FileShape {
  readonly format: string
  readonly compression: string
}

/** The number of rows without the header. @throws Error if the file is not valid */
export function countRows(stored: Buffer, { format, compression }: FileShape): number {
  const file = compression === 'gzip' ? gunzipSync(stored) : stored
  switch (format) {
    case 'csv':
      return (parse(file, { record_delimiter: '\r\n' }) as unknown[]).length - 1
    case 'json':
      return (JSON.parse(file.toString('utf8')) as unknown[]).length
    case 'ndjson':
      return countLines(file.toString('utf8'))
    case 'xlsx':
      return readXlsx(file).reduce((sum, { rows }) => sum + rows.size - 1, 0)
    default:
      throw new Error(`no reader for ${format}`)
  }
}

function countLines(text: string): number {
  const lines = text.split('\n')
  if (lines.pop() !== '') throw new Error('the last line is cut off')
  for (const line of lines) JSON.parse(line)
  return lines.length
}
