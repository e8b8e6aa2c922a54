// Counts the rows of a finished file with parsers that share no code with our encoders.
import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import type { FormatName } from '@waybill/shared/vocabulary/export.ts'
import { parse } from 'csv-parse'
import ExcelJS from 'exceljs'

/** @throws Error if the file cannot be parsed */
export const COUNT_ROWS: Readonly<Record<FormatName, (path: string) => Promise<number>>> = {
  async csv(path) {
    let rows = -1 // the header
    await pipeline(createReadStream(path), parse(), async (records) => {
      for await (const _record of records) rows++
    })
    return rows
  },

  async json(path) {
    const value: unknown = JSON.parse(await readFile(path, 'utf8'))
    if (!Array.isArray(value)) throw new TypeError('the document is not an array')
    return value.length
  },

  async ndjson(path) {
    const lines = (await readFile(path, 'utf8')).split('\n')
    if (lines.pop() !== '') throw new TypeError('the last line does not end with a line feed')
    for (const line of lines) JSON.parse(line)
    return lines.length
  },

  async xlsx(path) {
    let rows = 0
    const options = { sharedStrings: 'ignore', styles: 'ignore', hyperlinks: 'ignore', worksheets: 'emit' } as const
    for await (const sheet of new ExcelJS.stream.xlsx.WorkbookReader(path, options)) {
      rows-- // the header
      for await (const _row of sheet) rows++
    }
    return rows
  },
}
