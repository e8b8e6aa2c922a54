// Many rows: the row limit of Excel, and constant memory.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { xlsx } from '@waybill/shared/formats/xlsx/encoder.ts'
import { FORMAT_NAMES } from '@waybill/shared/vocabulary/export.ts'
import { expect, test } from 'vitest'
import { collect, contextWith } from './encoding.ts'
import { readZip } from './read-zip.ts'

test('row 1,048,577 goes to a second sheet, because Excel would drop it', async () => {
  const chunk = Buffer.from('1\n'.repeat(1024))
  async function* million() {
    for (let chunks = 0; chunks < 1024; chunks++) yield chunk
  }
  const { context, warnings } = contextWith()
  const files = readZip(await collect(xlsx.encode([{ name: 'n', kind: 'integer' }], million(), context)))
  const rowsOf = (name: string) => {
    const xml = files.get(name)?.toString('latin1') ?? ''
    return {
      rows: xml.split('<row ').length - 1,
      last: Number(xml.slice(xml.lastIndexOf('<row r="') + 8).split('"')[0]),
    }
  }
  expect(rowsOf('xl/worksheets/sheet1.xml')).toEqual({ rows: 1_048_576, last: 1_048_576 })
  expect(rowsOf('xl/worksheets/sheet2.xml')).toEqual({ rows: 2, last: 2 })
  expect(files.has('xl/worksheets/sheet3.xml')).toBe(false)
  expect(Object.fromEntries(warnings)).toEqual({ SHEET_ROLLED_OVER: 1 })
})

test.each(FORMAT_NAMES)('%s: ten times the rows need no more memory', async (name) => {
  const peak = async (rows: number) => {
    const script = new URL('encode-rows.ts', import.meta.url).pathname
    const flags = ['--max-semi-space-size=8', '--max-old-space-size=64']
    const { stdout } = await promisify(execFile)(process.execPath, [...flags, script, name, String(rows)])
    return Number(stdout)
  }
  const [few, many] = await Promise.all([peak(20_000), peak(200_000)])
  expect(many, 'megabytes, beside those of a tenth of the rows').toBeLessThan(few + 40)
})
