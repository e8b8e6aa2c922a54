// The row counter of the benchmark: the content of a cell does not change the count.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { FORMATS } from '../../../packages/shared/src/formats/index.ts'
import { countFileRows } from '../../bench/measure/count-file-rows.ts'
import { chunksOf } from '../formats/encoding.ts'

let directory = ''
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'waybill-count-'))
})
afterAll(() => rm(directory, { recursive: true, force: true }))

async function count(name: 'csv' | 'json' | 'ndjson' | 'xlsx', content: string | Uint8Array): Promise<number> {
  const file = join(directory, 'file')
  await writeFile(file, content)
  return countFileRows(file, { name, format: name, compression: 'none' })
}

describe('counting the rows of a file', () => {
  test('line breaks and quotes inside a csv field do not start a row', async () => {
    expect(await count('csv', 'a,b\r\n1,"x\r\ny ""z""\n"\r\n2,\r\n')).toBe(2)
    expect(await count('csv', 'a,b\r\n')).toBe(0)
  })

  test('a csv that ends inside a field is not complete', async () => {
    await expect(count('csv', 'a\r\n"x')).rejects.toThrow('within quotes')
  })

  test('values and brackets inside an object are not rows', async () => {
    const object = String.raw`{"a":{"b":[{}]},"c":"}]\"{","d":"\\"}`
    expect(await count('ndjson', `${object}\n${object}\n`)).toBe(2)
    expect(await count('json', `[\n${object},\n${object}\n]\n`)).toBe(2)
    expect(await count('json', '[\n]\n')).toBe(0)
  })

  test('truncated JSON is not complete', async () => {
    await expect(count('json', '[\n{"a":1},\n')).rejects.toThrow('within a value')
  })

  test('a compressed file has the same count as the plain one', async () => {
    const file = join(directory, 'file.gz')
    await writeFile(file, gzipSync('a\r\n1\r\n2\r\n'))
    expect(await countFileRows(file, { name: 'csv.gz', format: 'csv', compression: 'gzip' })).toBe(2)
  })

  test('a truncated compressed file is an error', async () => {
    const file = join(directory, 'cut.gz')
    await writeFile(file, gzipSync('a\r\n1\r\n2\r\n').subarray(0, -9))
    await expect(countFileRows(file, { name: 'csv.gz', format: 'csv', compression: 'gzip' })).rejects.toThrow()
  })

  test('rows of a workbook are counted without its header', async () => {
    const rows = chunksOf(Array.from({ length: 2_345 }, (_, index) => [`<row ${index}`]))
    const chunks: Uint8Array[] = []
    const context = { csv: { delimiter: ',', bom: false, header: true, escapeFormulas: true } } as const
    const signal = new AbortController().signal
    for await (const chunk of FORMATS.xlsx.encode([{ name: 'text', kind: 'text' }], rows, {
      ...context,
      warn: () => undefined,
      signal,
    })) {
      chunks.push(Buffer.from(chunk))
    }
    expect(await count('xlsx', Buffer.concat(chunks))).toBe(2_345)
  })
})
