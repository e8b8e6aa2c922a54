// Compares the file of every format and option with the hash of a file that an earlier encoder has written.
//
// hashes.json was made with the encoders of commit 0f8a98a, which used strings. It must not be made again from the output
// of the current encoders, because it is there to check them.
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { compileQuery, type Dataset } from '@waybill/shared/datasets/dataset.ts'
import { gzip } from '@waybill/shared/formats/gzip.ts'
import { FORMATS } from '@waybill/shared/formats/index.ts'
import { openTable } from '@waybill/shared/source/source.ts'
import type { CsvOptions, FormatName } from '@waybill/shared/vocabulary/export.ts'
import { beforeAll, expect, it } from 'vitest'
import { withClient } from '../../setup/database.ts'
import { readOptions, useSource } from '../../setup/source.ts'
import { collect, contextWith } from '../../unit/formats/encoding.ts'
import { readZip } from '../../unit/formats/read-zip.ts'
import { SCHEMA_SQL, TABLES } from './nasty-rows.ts'

const HASHES = new URL('./hashes.json', import.meta.url)

interface Way {
  readonly name: string
  readonly format: FormatName
  readonly csv?: Partial<CsvOptions>
  readonly compressed?: boolean
}

const WAYS: readonly Way[] = [
  { name: 'csv', format: 'csv' },
  { name: 'csv, semicolons', format: 'csv', csv: { delimiter: ';' } },
  { name: 'csv, tabs', format: 'csv', csv: { delimiter: '\t' } },
  { name: 'csv, bars', format: 'csv', csv: { delimiter: '|' } },
  { name: 'csv, byte order mark', format: 'csv', csv: { bom: true } },
  { name: 'csv, no header', format: 'csv', csv: { header: false } },
  { name: 'csv, no guard', format: 'csv', csv: { escapeFormulas: false } },
  {
    name: 'csv, every option',
    format: 'csv',
    csv: { delimiter: ';', bom: true, header: false, escapeFormulas: false },
  },
  { name: 'csv.gz', format: 'csv', compressed: true },
  { name: 'json', format: 'json' },
  { name: 'json.gz', format: 'json', compressed: true },
  { name: 'ndjson', format: 'ndjson' },
  { name: 'xlsx', format: 'xlsx' },
]

const given = useSource()
beforeAll(() => withClient(given.url, (client) => client.query(SCHEMA_SQL)))

/** The content of the file, with the warnings: the parts of an archive, or the decompressed text. */
async function contentOf(dataset: Dataset, way: Way): Promise<string> {
  const query = compileQuery(dataset, { filters: {}, columns: Object.keys(dataset.columns), limit: 1_000_000 })
  const table = await openTable(given.source, query, readOptions())
  try {
    const { context, warnings } = contextWith(way.csv)
    const encoded = FORMATS[way.format].encode(query.columns, table.chunks, context)
    const file = await collect(way.compressed ? gzip(encoded, context.signal) : encoded)
    const hash = createHash('sha256')
    if (way.format === 'xlsx') for (const [name, part] of readZip(file)) hash.update(`${name}\n`).update(part)
    else hash.update(way.compressed ? gunzipSync(file) : file)
    hash.update(JSON.stringify([...warnings].sort()))
    return hash.digest('hex')
  } finally {
    await table.close()
  }
}

const found: Record<string, string> = {}
const expected: Record<string, string> =
  process.env.MAKE_HASHES === undefined ? JSON.parse(readFileSync(HASHES, 'utf8')) : {}

for (const dataset of TABLES) {
  it.each(WAYS)(`${dataset.name} as $name is the same file, byte by byte`, async (way) => {
    const hash = await contentOf(dataset, way)
    const name = `${dataset.name} as ${way.name}`
    if (process.env.MAKE_HASHES === undefined) expect(hash).toBe(expected[name])
    else writeFileSync(HASHES, `${JSON.stringify(Object.assign(found, { [name]: hash }), null, 2)}\n`)
  })
}
