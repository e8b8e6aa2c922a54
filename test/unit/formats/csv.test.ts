// CSV byte by byte, as spreadsheets, COPY and strict parsers read it.
import { csv } from '@waybill/shared/formats/csv.ts'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { contextWith, encode, encodeColumn } from './encoding.ts'
import { readCsv } from './readers.ts'

const PAIR = [
  { name: 'a', kind: 'text' },
  { name: 'b', kind: 'text' },
] as const

describe('quoting', () => {
  test('null and empty text stay different', async () => {
    const { text } = await encode(csv, PAIR, [
      [null, ''],
      ['', null],
    ])
    expect(text).toBe('a,b\r\n,""\r\n"",\r\n')
  })

  test('a row of one null is still a row', async () => {
    const { text } = await encodeColumn(csv, 'text', ['x', null, '', null])
    expect(text).toBe('c\r\nx\r\n\r\n""\r\n\r\n')
    expect(readCsv(text)).toEqual([['c'], ['x'], [null], [''], [null]])
  })

  test('a delimiter, a quote or a line break in a cell moves no other cell', async () => {
    const { text } = await encode(csv, PAIR, [['x,y', 'he said "no"\r\nand left']])
    expect(text).toBe('a,b\r\n"x,y","he said ""no""\r\nand left"\r\n')
  })

  test.each([',', ';', '\t', '|'] as const)('any text reads back with %j as the delimiter', async (delimiter) => {
    const cell = fc.option(fc.string({ unit: fc.constantFrom(...',;\t|"\r\n a=\''), maxLength: 6 }))
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(cell, cell), { maxLength: 5 }), async (rows) => {
        const { text } = await encode(csv, PAIR, rows, { delimiter, escapeFormulas: false })
        expect(readCsv(text, delimiter)).toEqual([['a', 'b'], ...rows])
      }),
    )
  })

  test('a byte order mark in the data is not treated as that of the file', async () => {
    const { bytes } = await encodeColumn(csv, 'text', ['\ufeffx'], { header: false })
    expect(bytes.subarray(0, 1).toString()).toBe('"')
  })
})

describe('options', () => {
  test('bom is written first and only when requested', async () => {
    const marked = await encodeColumn(csv, 'text', ['é'], { bom: true })
    expect(marked.bytes.toString('hex')).toBe('efbbbf630d0ac3a90d0a')
    const plain = await encodeColumn(csv, 'text', ['é'])
    expect(plain.bytes.toString('hex')).toBe('630d0ac3a90d0a')
  })

  test('without a header the first line is data', async () => {
    const { text } = await encodeColumn(csv, 'text', ['x'], { header: false })
    expect(text).toBe('x\r\n')
  })

  test('without a header and without rows the file is empty, not a blank line', async () => {
    const { bytes } = await encodeColumn(csv, 'text', [], { header: false })
    expect(bytes.length).toBe(0)
  })
})

const DANGEROUS = [
  '=1+1',
  "=cmd|'/C calc'!A0",
  '+1',
  '-1+1',
  '@SUM(A1)',
  '\t=1',
  '\r=1',
  '\n=1',
  '\tx',
  '\rx',
  '\nx',
  '\0x',
  '＝1',
  '＋1',
  '－1',
  '＠1',
]

describe('formulas', () => {
  test.each(DANGEROUS)('a cell %j does not run in a spreadsheet', async (cell) => {
    const { text } = await encodeColumn(csv, 'text', [cell])
    expect(readCsv(text)[1]).toEqual([`'${cell}`])
  })

  test.each(DANGEROUS)('a header %j does not run either', async (name) => {
    const { text } = await encode(csv, [{ name, kind: 'integer' }], [])
    expect(readCsv(text)).toEqual([[`'${name}`]])
  })

  test.each(['a=1', '1+1', 'a@b.example', '2026-05-01', 'é', "it's", "'quoted'", ' plain', '#', '(=1)', "'=1", ' =1'])(
    'harmless text %j stays as it is',
    async (cell) => {
      const { text } = await encodeColumn(csv, 'text', [cell])
      expect(readCsv(text)[1]).toEqual([cell])
    },
  )

  test('negative numbers, dates, ids and JSON get no apostrophe', async () => {
    const kinds = ['integer', 'bigint', 'float', 'numeric'] as const
    for (const kind of kinds) expect((await encodeColumn(csv, kind, ['-12'])).text).toBe('c\r\n-12\r\n')
    expect((await encodeColumn(csv, 'float', ['-Infinity'])).text).toBe('c\r\n-Infinity\r\n')
    expect((await encodeColumn(csv, 'timestamp', ['-infinity'])).text).toBe('c\r\n-infinity\r\n')
    expect((await encodeColumn(csv, 'json', ['-5'])).text).toBe('c\r\n-5\r\n')
  })

  test('escapeFormulas: false writes the text unchanged', async () => {
    const { text } = await encode(csv, [{ name: '=h', kind: 'text' }], [['=1+1']], { escapeFormulas: false })
    expect(text).toBe('=h\r\n=1+1\r\n')
  })
})

test('a chunk of megabytes is written in pieces', async () => {
  const { context } = contextWith()
  async function* oneChunk() {
    yield Buffer.from(`${'x'.repeat(1000)}\n`.repeat(2000))
  }
  let longest = 0
  for await (const chunk of csv.encode([{ name: 'c', kind: 'text' }], oneChunk(), context))
    longest = Math.max(longest, chunk.length)
  expect(longest).toBeLessThanOrEqual(131_072)
})
