// For each format: an independent reader, and the value of each cell as docs/formats.md specifies it.
import type { FormatName } from '@waybill/shared/vocabulary/export.ts'
import type { Cell, Column, ColumnKind } from '@waybill/shared/vocabulary/table.ts'
import { parse } from 'csv-parse/sync'
import { readXlsx, type SheetCell } from './read-xlsx.ts'

export interface Reading {
  /** Undefined if a file of this format without rows does not name the columns. */
  readonly header: readonly string[] | undefined
  readonly rows: readonly (readonly unknown[])[]
}

export interface Reader {
  read(file: Buffer, columns: readonly Column[]): Reading
  /** The value that `read` must return for this cell. */
  expected(kind: ColumnKind, cell: string): unknown
}

/** Whether docs/formats.md requires an apostrophe before this text. */
const isGuarded = (text: string) =>
  ['=', '+', '-', '@', '\t', '\r', '\n', '\0', '＝', '＋', '－', '＠'].includes(text.charAt(0))
const guard = (text: string) => (isGuarded(text) ? `'${text}` : text)

const csv: Reader = {
  read(file, columns) {
    const [header = [], ...rows] = readCsv(file.toString('utf8'))
    // Without the apostrophe, because the contract tests compare the header with the names of the columns.
    const names = new Map(columns.map(({ name }) => [guard(name), name]))
    return { header: header.map((name) => names.get(String(name)) ?? `not a guarded column name: ${name}`), rows }
  },
  expected: (kind, cell) => (kind === 'text' ? guard(cell) : cell),
}

/** As COPY reads it: an empty field without quotes is null, and an empty field in quotes is empty text. */
export function readCsv(text: string, delimiter = ','): Cell[][] {
  return parse(text, {
    delimiter,
    record_delimiter: '\r\n',
    cast: (value, { quoting }) => (value === '' && !quoting ? null : value),
  })
}

interface NumberLiteral {
  readonly literal: string
}

/** JSON.parse, but each number keeps its digits as text. */
function parseKeepingDigits(text: string): unknown {
  type WithSource = (key: string, value: unknown, context: { source?: string }) => unknown
  const keep: WithSource = (_, value, { source }) =>
    typeof value === 'number' ? ({ literal: source ?? '' } satisfies NumberLiteral) : value
  return JSON.parse(text, keep as (key: string, value: unknown) => unknown)
}

const strictUtf8 = (file: Buffer) => new TextDecoder('utf-8', { fatal: true }).decode(file)

function jsonRows(objects: readonly unknown[], columns: readonly Column[]): Reading {
  const rows = objects.map((object) => {
    const byName = new Map(Object.entries(object as Record<string, unknown>))
    if (byName.size !== columns.length) throw new Error('a row has other keys than the columns')
    return columns.map(({ name }) => byName.get(name))
  })
  return { header: undefined, rows }
}

function expectedJson(kind: ColumnKind, cell: string): unknown {
  if (kind === 'boolean') return cell === 'true'
  if (kind === 'json') return parseKeepingDigits(cell)
  if (kind === 'integer' || kind === 'float') return Number.isFinite(Number(cell)) ? { literal: cell } : cell
  if (kind === 'bigint' || kind === 'numeric') return survivesDouble(cell) ? { literal: cell } : cell
  return cell
}

const json: Reader = {
  read: (file, columns) => jsonRows(parseKeepingDigits(strictUtf8(file)) as unknown[], columns),
  expected: expectedJson,
}

const ndjson: Reader = {
  read(file, columns) {
    const text = strictUtf8(file)
    if (text !== '' && !text.endsWith('\n')) throw new Error('the last line is cut off')
    return jsonRows(text.split('\n').slice(0, -1).map(parseKeepingDigits), columns)
  },
  expected: expectedJson,
}

const DATE_FORMATS = { timestamp: 'yyyy\\-mm\\-dd\\ hh:mm:ss.000', date: 'yyyy\\-mm\\-dd' }

const xlsx: Reader = {
  read(file, columns) {
    const [sheet] = readXlsx(file)
    const [header, ...rows] = [...(sheet?.rows.values() ?? [])].map((cells) =>
      columns.map((_, i) => plain(cells.get(String.fromCharCode(65 + i)))),
    )
    return { header: header?.map((it) => (it as { text: string }).text), rows }
  },
  expected(kind, cell) {
    if (kind === 'boolean') return { boolean: cell === 'true' ? '1' : '0' }
    if (kind === 'timestamp') return { date: `${cell.slice(0, 23)}Z`, format: DATE_FORMATS.timestamp }
    if (kind === 'date') return { date: `${cell}T00:00:00.000Z`, format: DATE_FORMATS.date }
    if (kind === 'integer' || kind === 'float') return inRange(cell) ? { number: Number(cell) } : { text: cell }
    if (kind === 'bigint' || kind === 'numeric')
      return significantDigits(cell) <= 15 ? { number: Number(cell) } : { text: cell }
    return { text: cell }
  },
}

function plain(cell: SheetCell | undefined): unknown {
  if (cell === undefined) return null
  if (cell.type !== 'number') return { [cell.type]: cell.value }
  if (!cell.numberFormat.includes('yyyy')) return { number: Number(cell.value) }
  const date = new Date(Math.round((Number(cell.value) - 25_569) * 86_400_000)).toISOString()
  return { date, format: cell.numberFormat }
}

function inRange(text: string): boolean {
  const magnitude = Math.abs(Number(text))
  return magnitude === 0 || (magnitude >= 2.2251e-308 && magnitude < 1e308)
}

/** Infinity if the text is not a number. */
function significantDigits(text: string): number {
  if (!/^-?[\d.]+$/.test(text)) return Number.POSITIVE_INFINITY
  return (text.replace(/[-.]/g, '').replace(/^0+/, '').replace(/0+$/, '') || '0').length
}

/** Whether a double keeps the exact value. Compares both as integers with a power of ten. */
function survivesDouble(text: string): boolean {
  if (!Number.isFinite(Number(text))) return false
  const [a, b] = [scaled(text), scaled(String(Number(text)))]
  const shift = Math.min(a.exponent, b.exponent)
  return a.units * 10n ** BigInt(a.exponent - shift) === b.units * 10n ** BigInt(b.exponent - shift)
}

function scaled(text: string): { units: bigint; exponent: number } {
  const [mantissa = '', power = '0'] = text.split('e')
  const [whole = '', fraction = ''] = mantissa.split('.')
  return { units: BigInt(whole + fraction), exponent: Number(power) - fraction.length }
}

/** The type requires a reader for each format. */
export const READERS: Record<FormatName, Reader> = { csv, json, ndjson, xlsx }
