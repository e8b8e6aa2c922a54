// XLSX cell by cell, read back with a strict parser, and once with exceljs.
import { createXlsx, xlsx } from '@waybill/shared/formats/xlsx/encoder.ts'
import type { ColumnKind } from '@waybill/shared/vocabulary/table.ts'
import ExcelJS from 'exceljs'
import { describe, expect, test } from 'vitest'
import { encode, encodeColumn } from './encoding.ts'
import { readXlsx, type SheetCell } from './read-xlsx.ts'

async function cellOf(kind: ColumnKind, cell: string) {
  const { bytes, warnings } = await encodeColumn(xlsx, kind, [cell])
  const read = readXlsx(bytes)[0]?.rows.get(2)?.get('A')
  return { ...read, warnings: Object.fromEntries(warnings) }
}

describe('text', () => {
  test.each([
    ['markup', '<b>&amp;]]>"\''],
    ['what XML cannot hold', '\u0000\u0001\u0008\u000b\u000c\u000e\u001f\ufffe\uffff'],
    ['emoji and right-to-left text', '👩‍👩‍👧‍👦 שלום مرحبا'],
    ['line breaks, which XML parsers change', 'a\r\nb\rc\nd\te'],
    ['blanks at the edges', '  x  '],
    ['nothing but blanks', '   '],
    ['nothing but a line break', '\n'],
    ['what looks like an escape', '_x0041_'],
    ['an escape of the escape', '_x005F_x0041_'],
    ['overlapping escapes', '_x0041_x0042_'],
    ['an escape that the next character would complete', '_x0041\u0001'],
    ['half an escape at the end', '_x0041'],
  ])('%s reads back as it was', async (_, cell) => {
    expect(await cellOf('text', cell)).toMatchObject({ type: 'text', value: cell, warnings: {} })
  })

  test.each(['=1+1', '+1', '-1', '@x'])('%j is text, and stays text when the cell is edited', async (cell) => {
    expect(await cellOf('text', cell)).toMatchObject({ type: 'text', value: cell, quotePrefix: true })
  })

  test('digits in text keep their leading zeros', async () => {
    expect(await cellOf('text', '007')).toMatchObject({ type: 'text', value: '007' })
  })

  test('null is no cell, and empty text is a cell', async () => {
    const { bytes } = await encodeColumn(xlsx, 'text', [null, ''])
    const [sheet] = readXlsx(bytes)
    expect(sheet?.rows.get(2)?.get('A')).toBeUndefined()
    expect(sheet?.rows.get(3)?.get('A')).toMatchObject({ type: 'text', value: '' })
  })
})

describe('a cell has 32,767 characters', () => {
  test('keeps 32,767 characters', async () => {
    const cell = 'x'.repeat(32_767)
    expect(await cellOf('text', cell)).toMatchObject({ value: cell, warnings: {} })
  })

  test('cuts one more, and counts it', async () => {
    expect(await cellOf('json', `"${'x'.repeat(32_767)}`)).toMatchObject({
      value: `"${'x'.repeat(32_766)}`,
      warnings: { CELL_CUT: 1 },
    })
  })

  test('does not cut an emoji in half', async () => {
    const before = 'x'.repeat(32_766)
    expect(await cellOf('text', `${before}😀`)).toMatchObject({ value: before, warnings: { CELL_CUT: 1 } })
  })

  test('counts characters before they are escaped', async () => {
    const cell = '&'.repeat(32_767)
    expect(await cellOf('text', cell)).toMatchObject({ value: cell, warnings: {} })
  })
})

describe('numbers', () => {
  test.each([
    ['integer', '-2147483648'],
    ['float', '-12.5'],
    ['float', '1e+20'],
    ['float', '0.30000000000000004'],
    ['bigint', '123456789012345'],
    ['bigint', '1000000000000000000'],
    ['numeric', '-0.000123456789012345'],
    ['numeric', '1.10'],
    ['numeric', '0.00'],
  ] as const)('%s %s is a number cell with these digits', async (kind, cell) => {
    expect(await cellOf(kind, cell)).toMatchObject({ type: 'number', value: cell, warnings: {} })
  })

  test.each([
    ['bigint', '1234567890123456'],
    ['numeric', '0.1234567890123456'],
    ['numeric', '123456789012345678901234567890'],
  ] as const)('%s %s has more digits than Excel keeps, and is text', async (kind, cell) => {
    expect(await cellOf(kind, cell)).toMatchObject({ type: 'text', value: cell, warnings: {} })
  })

  test.each([
    ['float', 'NaN'],
    ['float', '-Infinity'],
    ['numeric', 'NaN'],
    ['numeric', `1${'0'.repeat(400)}`],
    ['numeric', `0.${'0'.repeat(400)}1`],
    ['float', '1.7e+308'],
    ['float', '5e-324'],
  ] as const)('%s %s, which Excel has no number for, is text and counted', async (kind, cell) => {
    expect(await cellOf(kind, cell)).toMatchObject({ type: 'text', value: cell, warnings: { VALUE_AS_TEXT: 1 } })
  })

  test('booleans are booleans', async () => {
    expect(await cellOf('boolean', 'true')).toMatchObject({ type: 'boolean', value: '1' })
    expect(await cellOf('boolean', 'false')).toMatchObject({ type: 'boolean', value: '0' })
  })
})

/** The serial numbers that Excel shows for these dates. */
describe('dates', () => {
  test.each([
    ['date', '1900-03-01', '61'],
    ['date', '2000-01-01', '36526'],
    ['date', '9999-12-31', '2958465'],
    ['timestamp', '2026-05-01T12:00:00.000000Z', '46143.5'],
    ['timestamp', '1969-12-31T18:00:00.000000Z', '25568.75'],
  ] as const)('%s %s is the same day in Excel', async (kind, cell, serial) => {
    const read = await cellOf(kind, cell)
    expect(read).toMatchObject({ type: 'number', value: serial, warnings: {} })
    expect(read.numberFormat).toContain('yyyy')
  })

  test('microseconds are dropped, never rounded into the next day', async () => {
    const { value } = await cellOf('timestamp', '2026-12-31T23:59:59.999999Z')
    const milliseconds = Math.round((Number(value) - 25_569) * 86_400_000)
    expect(new Date(milliseconds).toISOString()).toBe('2026-12-31T23:59:59.999Z')
  })

  test.each([
    ['timestamp', 'infinity'],
    ['timestamp', '-infinity'],
    ['timestamp', '1899-12-31T23:59:59.999999Z'],
    ['timestamp', '10000-01-01T00:00:00.000000Z'],
    ['timestamp', '-0043-03-15T00:00:00.000000Z'],
    ['date', '1900-02-28'],
    ['date', '-0043-03-15'],
    ['date', 'infinity'],
  ] as const)('%s %s, which no two programs read alike, is text and counted', async (kind, cell) => {
    expect(await cellOf(kind, cell)).toMatchObject({ type: 'text', value: cell, warnings: { VALUE_AS_TEXT: 1 } })
  })
})

describe('the sheet', () => {
  test('has a bold, frozen header and a width for each column', async () => {
    const { bytes } = await encode(
      xlsx,
      [
        { name: 'id', kind: 'uuid' },
        { name: '=a<b>&"', kind: 'integer' },
      ],
      [],
    )
    const [sheet] = readXlsx(bytes)
    const header = [...(sheet?.rows.get(1)?.values() ?? [])]
    expect(header.map(({ value }) => value)).toEqual(['id', '=a<b>&"'])
    expect(header.every(({ bold, type }: SheetCell) => bold && type === 'text')).toBe(true)
    expect(sheet?.frozenRows).toBe('1')
    expect(sheet?.widths).toHaveLength(2)
    expect(Math.min(...(sheet?.widths ?? []))).toBeGreaterThan(5)
  })

  test('names its columns beyond Z as Excel does', async () => {
    const columns = Array.from({ length: 703 }, (_, i) => ({ name: `c${i}`, kind: 'integer' as const }))
    const { bytes } = await encode(xlsx, columns, [columns.map((_, i) => String(i))])
    const row = readXlsx(bytes)[0]?.rows.get(2)
    expect([...(row?.keys() ?? [])].at(25)).toBe('Z')
    expect([...(row?.keys() ?? [])].at(26)).toBe('AA')
    expect([...(row?.keys() ?? [])].at(701)).toBe('ZZ')
    expect([...(row?.keys() ?? [])].at(702)).toBe('AAA')
  })

  test.each([
    [0, [0]],
    [3, [3]],
    [4, [3, 1]],
    [6, [3, 3]],
    [7, [3, 3, 1]],
  ])('of 3 rows takes %i rows as %j, none lost and none twice', async (count, sizes) => {
    const rows = Array.from({ length: count }, (_, i) => [String(i)])
    const small = createXlsx({ rows: 3, bytes: 1e9 })
    const { bytes, warnings } = await encode(small, [{ name: 'n', kind: 'text' }], rows)
    const sheets = readXlsx(bytes)
    expect(sheets.map((sheet) => sheet.rows.size - 1)).toEqual(sizes)
    expect(sheets.every((sheet) => sheet.rows.get(1)?.get('A')?.value === 'n' && sheet.frozenRows === '1')).toBe(true)
    const all = sheets.flatMap((sheet) => [...sheet.rows.values()].slice(1).map((row) => row.get('A')?.value))
    expect(all).toEqual(rows.flat())
    expect(warnings.get('SHEET_ROLLED_OVER') ?? 0).toBe(sizes.length - 1)
  })

  test('ends before its XML reaches 4 GiB, because Excel would ask to repair the file', async () => {
    const rows = Array.from({ length: 300 }, (_, i) => [`${i} ${'x'.repeat(1000)}`])
    const small = createXlsx({ rows: 1_048_575, bytes: 100_000 })
    const { bytes, warnings } = await encode(small, [{ name: 'n', kind: 'text' }], rows)
    const sheets = readXlsx(bytes)
    expect(sheets.length).toBeGreaterThanOrEqual(2)
    expect(warnings.get('SHEET_ROLLED_OVER')).toBe(sheets.length - 1)
    const all = sheets.flatMap((sheet) => [...sheet.rows.values()].slice(1).map((row) => row.get('A')?.value))
    expect(all).toEqual(rows.flat())
  })
})

test('another program reads the same workbook', async () => {
  const { bytes } = await encode(
    createXlsx({ rows: 1, bytes: 1e9 }),
    [
      { name: 'note', kind: 'text' },
      { name: 'points', kind: 'numeric' },
      { name: 'ok', kind: 'boolean' },
      { name: 'at', kind: 'timestamp' },
    ],
    [
      ['=1+1', '-12.5', 'true', '2026-05-01T12:00:00.123456Z'],
      ['second\nline', null, 'false', null],
    ],
  )
  const workbook = new ExcelJS.Workbook()
  await workbook.xlsx.load(bytes as unknown as ArrayBuffer)
  expect(workbook.worksheets.map((sheet) => sheet.name)).toEqual(['Sheet1', 'Sheet2'])
  const values = workbook.worksheets.map((sheet) => [1, 2, 3, 4].map((i) => sheet.getRow(2).getCell(i).value))
  expect(values).toEqual([
    ['=1+1', -12.5, true, new Date('2026-05-01T12:00:00.123Z')],
    ['second\nline', null, false, null],
  ])
  expect(workbook.worksheets[0]?.getCell('A1').font.bold).toBe(true)
})
