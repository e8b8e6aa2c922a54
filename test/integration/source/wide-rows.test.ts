// Wide rows: cells of hundreds of megabytes are exported, and the memory does not grow with them.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { busySessions, idleAfter, readTable, useSource } from '../../setup/source.ts'

const given = useSource()

/** A process that reads nothing has about 130. */
const MAX_PEAK_MEGABYTES = 250

interface Outcome {
  readonly bytes: number
  readonly sha256: string
  readonly rows: number
  readonly warnings: readonly string[]
  readonly peakMegabytes: number
}

async function read(sql: string, format: string, ...compression: string[]): Promise<Outcome> {
  const script = new URL('read-wide.ts', import.meta.url).pathname
  const args = ['--max-semi-space-size=16', '--max-old-space-size=256', script, given.url, sql, format, ...compression]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  return JSON.parse(stdout) as Outcome
}

function hashOf(count: number, piece: string, before = '', after = ''): string {
  const hash = createHash('sha256').update(before)
  const block = Buffer.from(piece.repeat(1_000))
  for (let i = 0; i < count; i += 1_000) hash.update(block)
  return hash.update(after).digest('hex')
}

const ONE_CELL = `SELECT repeat('0123456789', 60000000)`

it('one cell of 600 MB is exported completely as csv, with constant memory', async () => {
  const { peakMegabytes, ...outcome } = await read(ONE_CELL, 'csv')
  expect(outcome).toEqual({
    bytes: 600_000_004,
    sha256: hashOf(60_000_000, '0123456789', '"', '"\r\n'),
    rows: 1,
    warnings: [],
  })
  expect(peakMegabytes).toBeLessThan(MAX_PEAK_MEGABYTES)
})

it('one cell of 80 MB of escaped characters is exported completely as ndjson, with constant memory', async () => {
  const sql = `SELECT repeat(E'a"\\\\\\n', 20000000)`
  const { peakMegabytes, ...outcome } = await read(sql, 'ndjson')
  expect(outcome).toEqual({
    bytes: 20_000_000 * 7 + 12,
    sha256: hashOf(20_000_000, String.raw`a\"\\\n`, '{"cell":"', '"}\n'),
    rows: 1,
    warnings: [],
  })
  expect(peakMegabytes).toBeLessThan(MAX_PEAK_MEGABYTES)
})

it.each([['json'], ['csv', 'gzip']])(
  '30 rows of 8 MB each pass as %s with flat memory',
  async (format, ...compression) => {
    const { peakMegabytes, rows } = await read(
      `SELECT repeat('0123456789', 800000) FROM generate_series(1, 30)`,
      format,
      ...compression,
    )
    expect(rows).toBe(30)
    expect(peakMegabytes).toBeLessThan(MAX_PEAK_MEGABYTES)
  },
)

it('1,000 narrow rows, then wide ones, are exported as xlsx with constant memory, and each wide cell is cut', async () => {
  const sql = `SELECT CASE WHEN i <= 1000 THEN 'narrow' ELSE repeat('0123456789', 800000) END FROM generate_series(1, 1010) i`
  const { peakMegabytes, rows, warnings } = await read(sql, 'xlsx')
  expect(rows).toBe(1_010)
  expect(warnings).toEqual(new Array(10).fill('CELL_CUT'))
  expect(peakMegabytes).toBeLessThan(MAX_PEAK_MEGABYTES)
})

describe('a limit of rows and cells', () => {
  const query = (sql: string) => ({
    sql,
    values: [],
    columns: [
      { name: 'id', kind: 'integer' },
      { name: 'note', kind: 'text' },
    ] as const,
  })
  const rowLimits = { maxCellBytes: 1_000_000, maxRowBytes: 1_000_004 }
  const rows = (sizes: string) => query(`SELECT i, repeat('x', (ARRAY[${sizes}])[i]) FROM generate_series(1, 4) i`)

  it('lets rows pass that are exactly as large', async () => {
    const read = await readTable(given.source, rows('10, 1000000, 1000000, 10'), { rowLimits })
    expect(read.map(([, note]) => note?.length)).toEqual([10, 1_000_000, 1_000_000, 10])
  })

  it('ends the read with the row, the column and the setting, and stops the query', async () => {
    const endless = `SELECT i, repeat('x', CASE WHEN i = 3 THEN 1000001 ELSE 10 END) FROM (SELECT generate_series(1, 2000000000) AS i) s`
    await expect(readTable(given.source, query(endless), { rowLimits })).rejects.toMatchObject({
      code: 'ROW_TOO_LARGE',
      message: 'Row 3 of the file has more bytes in the column "note" than MAX_CELL_BYTES allows.',
      kind: { retryable: false },
    })
    await idleAfter(given.url)
    expect(await busySessions(given.url)).toEqual([])
  })

  it('names the row when its cells are too large together', async () => {
    const wide = query(`SELECT 12345, repeat('x', 1000000)`)
    await expect(readTable(given.source, wide, { rowLimits })).rejects.toMatchObject({
      code: 'ROW_TOO_LARGE',
      message: 'Row 1 of the file has more bytes than MAX_ROW_BYTES allows.',
    })
  })

  it('does not hold for rows beyond the limit of the export', async () => {
    expect(await readTable(given.source, rows('1, 1, 1000001, 1'), { rowLimits, maxRows: 2 })).toHaveLength(2)
  })
})
