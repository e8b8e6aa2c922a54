// JSON and NDJSON byte by byte: all digits are kept, and each row is one line.
import { json } from '@waybill/shared/formats/json.ts'
import { ndjson } from '@waybill/shared/formats/ndjson.ts'
import { describe, expect, test } from 'vitest'
import { encode, encodeColumn } from './encoding.ts'

const COLUMNS = [
  { name: 'b', kind: 'integer' },
  { name: 'a', kind: 'text' },
] as const
const ROWS = [
  ['1', 'x'],
  [null, ''],
] as const

test('json is one array with one object per line, keys in column order', async () => {
  expect((await encode(json, COLUMNS, ROWS)).text).toBe('[\n{"b":1,"a":"x"},\n{"b":null,"a":""}\n]\n')
  expect((await encode(json, COLUMNS, [])).text).toBe('[\n]\n')
})

test('ndjson is one object per line', async () => {
  expect((await encode(ndjson, COLUMNS, ROWS)).text).toBe('{"b":1,"a":"x"}\n{"b":null,"a":""}\n')
  expect((await encode(ndjson, COLUMNS, [])).text).toBe('')
})

/** The JSON text of one cell. */
async function written(kind: Parameters<typeof encodeColumn>[1], cell: string): Promise<string> {
  const { text } = await encodeColumn(ndjson, kind, [cell])
  return text.slice('{"c":'.length, -'}\n'.length)
}

describe('numbers', () => {
  // By IEEE 754: above 2^53, not every integer is a double; and a double cannot hold every number of 17 digits.
  test.each([
    ['9007199254740992', '9007199254740992'],
    ['9007199254740993', '"9007199254740993"'],
    ['-9223372036854775808', '"-9223372036854775808"'],
    ['9223372036854775807', '"9223372036854775807"'],
    ['0', '0'],
  ])('bigint %s reaches a reader with all its digits', async (cell, wanted) => {
    expect(await written('bigint', cell)).toBe(wanted)
  })

  test.each([
    ['1.10', '1.10'],
    ['0.00', '0.00'],
    ['-12.5', '-12.5'],
    ['0.1', '0.1'],
    ['123456789012345.6', '123456789012345.6'],
    ['1000000000000000000000', '1000000000000000000000'],
    ['1.0000000000000000000000000', '1.0000000000000000000000000'],
    ['0.12345678901234567890', '"0.12345678901234567890"'],
    ['123456789012345678901234567890', '"123456789012345678901234567890"'],
    ['0.1000000000000000055511151231257827', '"0.1000000000000000055511151231257827"'],
    ['NaN', '"NaN"'],
    ['Infinity', '"Infinity"'],
    [`1${'0'.repeat(400)}`, `"1${'0'.repeat(400)}"`],
    [`0.${'0'.repeat(400)}1`, `"0.${'0'.repeat(400)}1"`],
  ])('numeric %s keeps its digits', async (cell, wanted) => {
    expect(await written('numeric', cell)).toBe(wanted)
  })

  test.each([
    ['1e+20', '1e+20'],
    ['1e-05', '1e-05'],
    ['0.30000000000000004', '0.30000000000000004'],
    ['-0', '-0'],
    ['NaN', '"NaN"'],
    ['Infinity', '"Infinity"'],
    ['-Infinity', '"-Infinity"'],
  ])('float %s is a number where JSON has one', async (cell, wanted) => {
    expect(await written('float', cell)).toBe(wanted)
  })

  test('a column with values of another kind does not break the file', async () => {
    for (const kind of ['integer', 'bigint', 'float', 'numeric', 'boolean', 'uuid', 'timestamp', 'date'] as const)
      expect(JSON.parse(await written(kind, '1","x":"2'))).toBe('1","x":"2')
  })
})

describe('text', () => {
  test('control characters and quotes give valid UTF-8 and valid JSON', async () => {
    const nasty = '"\\\u0000\u0008\n\u001f\u007f\u2028x😀'
    const { bytes } = await encodeColumn(json, 'text', [nasty])
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    expect(JSON.parse(text)).toEqual([{ c: nasty }])
  })

  test('a column name cannot break out of its key', async () => {
    const { text } = await encode(json, [{ name: '"},{"\n', kind: 'text' }], [['x']])
    expect(JSON.parse(text)).toEqual([{ '"},{"\n': 'x' }])
  })
})

describe('json columns', () => {
  test('a value is embedded as it is, with its digits and the order of its keys', async () => {
    const value = '{"b": 1.10, "a": 123456789012345678901234567890, "b2": [null, "x\\n"]}'
    expect(await written('json', value)).toBe(value)
  })

  test('line breaks between its tokens do not break a line of ndjson', async () => {
    const pretty = '{\r\n  "a": [\n    1,\n    "x\\ny"\n  ]\n}'
    const { text } = await encodeColumn(ndjson, 'json', [pretty, '1'])
    const lines = text.trimEnd().split(/[\r\n]+/)
    expect(lines).toHaveLength(2)
    expect(JSON.parse(lines[0] ?? '')).toEqual({ c: { a: [1, 'x\ny'] } })
  })

  test('the JSON null and the SQL NULL are both null', async () => {
    const { text } = await encodeColumn(json, 'json', ['null', null])
    expect(JSON.parse(text)).toEqual([{ c: null }, { c: null }])
  })
})
