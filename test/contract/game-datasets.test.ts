// The four datasets of GAME, compared with the original service: every cell of every file, read by independent readers.
import { gunzipSync } from 'node:zlib'
import { GAME_DATASETS as DECLARED } from '@waybill/shared/datasets/index.ts'
import { createDatasets } from '@waybill/shared/datasets/registry.ts'
import type { FormatName } from '@waybill/shared/vocabulary/export.ts'
import type { Cell, Column, ColumnKind } from '@waybill/shared/vocabulary/table.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadSample } from '../../apps/standalone/src/sample.ts'
import { GAME_DATASETS, readGame } from '../setup/game.ts'
import { startTestSystem, type TestSystem } from '../setup/system.ts'
import { READERS } from '../unit/formats/readers.ts'

let system: TestSystem
beforeAll(async () => {
  system = await startTestSystem()
  await loadSample(system.database.url, { rows: 2_000 })
})
afterAll(() => system.stop())

const WAYS: readonly { format: FormatName; compression: 'none' | 'gzip' }[] = [
  { format: 'csv', compression: 'none' },
  { format: 'csv', compression: 'gzip' },
  { format: 'json', compression: 'none' },
  { format: 'json', compression: 'gzip' },
  { format: 'ndjson', compression: 'none' },
  { format: 'ndjson', compression: 'gzip' },
  { format: 'xlsx', compression: 'none' },
]

async function download(url: string, compression: string): Promise<Buffer> {
  const file = Buffer.from(await (await fetch(url)).arrayBuffer())
  return compression === 'gzip' ? gunzipSync(file) : file
}

describe.each(GAME_DATASETS)('$name', (game) => {
  const columns: Column[] = game.columns.map(([name, kind]) => ({ name, kind }))

  it('has the columns of the original service, in its order', () => {
    const declared = Object.entries(createDatasets(DECLARED).get(game.name)?.columns ?? {})
    expect(declared.map(([name, { kind }]) => [name, kind])).toEqual(game.columns)
  })

  it.each(WAYS)('exports every cell exactly: $format, compression $compression', async ({ format, compression }) => {
    const rows = await readGame(system.database.url, game)
    const done = await system.admin.export({ dataset: game.name, format, compression })
    expect(done).toMatchObject({ status: 'completed', rowCount: rows.length, truncated: false })
    const file = READERS[format].read(await download(done.download.url, compression), columns)
    if (format === 'csv' || format === 'xlsx') expect(file.header).toEqual(columns.map(({ name }) => name))
    expect(file.rows).toHaveLength(rows.length)
    for (const [index, row] of rows.entries()) {
      expect(file.rows[index], `row ${index}`).toEqual(row.map((cell, i) => inFile(format, columns[i]?.kind, cell)))
    }
  })

  it('the sample contains the values that break exports', async () => {
    const rows = await readGame(system.database.url, game)
    const texts = rows.flat().filter((cell): cell is string => cell !== null)
    const times = rows.map((row) => row[columns.findIndex(({ name }) => name === 'created_at')])
    expect(times.slice(-1), 'a row without created_at, last').toEqual([null])
    expect(new Set(times).size, 'equal timestamps').toBeLessThan(rows.length - 5)
    for (const nasty of ['"', ',', '\n', '=', '🎉']) {
      expect(
        texts.some((text) => text.includes(nasty)),
        `a cell with ${JSON.stringify(nasty)}`,
      ).toBe(true)
    }
  })
})

/** The length limit of a spreadsheet cell, which READERS does not apply. */
const XLSX_CELL = 32_767

function inFile(format: FormatName, kind: ColumnKind = 'text', cell: Cell): unknown {
  if (cell === null) return null
  if (format === 'xlsx' && cell.length > XLSX_CELL) {
    const cut = cell.slice(0, XLSX_CELL)
    return { text: cut.isWellFormed() ? cut : cut.slice(0, -1) }
  }
  return READERS[format].expected(kind, cell)
}
