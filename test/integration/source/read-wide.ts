// Reads and encodes one query in a separate process, and prints its results and its peak memory as JSON.
import { createHash } from 'node:crypto'
import { createReader } from '@waybill/shared/database/client.ts'
import { gzip } from '@waybill/shared/formats/gzip.ts'
import { FORMATS } from '@waybill/shared/formats/index.ts'
import { openTable } from '@waybill/shared/source/source.ts'
import type { FormatName } from '@waybill/shared/vocabulary/export.ts'

const [url, sql, format, compression] = process.argv.slice(2)
if (url === undefined || sql === undefined) throw new Error('usage: read-wide.ts URL SQL FORMAT [gzip]')

const source = createReader({ url, name: 'test-wide', connections: 2, connectTimeout: 5_000, queryTimeout: 60_000 })
const { signal } = new AbortController()
const columns = [{ name: 'cell', kind: 'text' }] as const
const table = await openTable(
  source,
  { sql, values: [], columns },
  {
    signal,
    maxRows: 1_000_000,
    statementTimeout: 120_000,
    idleTimeout: 120_000,
    transactionTimeout: 300_000,
    workMem: '16MB',
  },
)
const warnings: string[] = []
const context = {
  csv: { delimiter: ',', bom: false, header: false, escapeFormulas: true },
  warn: (code: string) => void warnings.push(code),
  signal,
} as const
const encoded = FORMATS[format as FormatName].encode(columns, table.chunks, context)
const hash = createHash('sha256')
let bytes = 0
for await (const chunk of compression === 'gzip' ? gzip(encoded, signal) : encoded) {
  hash.update(chunk)
  bytes += chunk.length
}
await table.close()
await source.$disconnect()
const peakMegabytes = Math.round(process.resourceUsage().maxRSS / 1024)
process.stdout.write(
  JSON.stringify({ bytes, sha256: hash.digest('hex'), rows: table.rowCount(), warnings, peakMegabytes }),
)
