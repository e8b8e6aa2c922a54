// `npm run demo`: exports every dataset in every format through the real path, and proves each file right.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { untilSignal } from '@waybill/shared/process/signals.ts'
import { FORMAT_NAMES } from '@waybill/shared/vocabulary/export.ts'
import pg from 'pg'
import { startSystem } from '../system.ts'
import { exportAndVerify, type Verified } from './demo-export.ts'

const SAMPLE_ROWS = 100_000
const MANY_ROWS = 1_000_000

/** Rows of each dataset, counted by SQL that has nothing to do with the datasets' own. */
const COUNTS: Readonly<Record<string, string>> = {
  users: 'SELECT count(*) FROM users',
  'user-points': 'SELECT count(*) FROM userpoints WHERE "userId" IS NOT NULL AND "taskId" IS NOT NULL',
  'user-interactions': 'SELECT count(*) FROM useractions',
  'wallet-transactions': 'SELECT count(*) FROM wallettransactions WHERE "walletId" IS NOT NULL',
}

/** The rows that are there, again and again under new ids. */
const MULTIPLY = `INSERT INTO userpoints (id, created_at, points, "caseName", "idempotencyKey", data, description, "userId", "taskId", "apiKey_used")
  SELECT md5(p.id::text || k)::uuid, p.created_at + k * interval '1 day', p.points, p."caseName",
    p."idempotencyKey" || '-' || k, p.data, p.description, p."userId", p."taskId", p."apiKey_used"
  FROM userpoints p, generate_series(1, $1::int) k`

const say = (line: string) => process.stdout.write(`${line}\n`)
const interrupted = untilSignal().then((signal) => {
  throw new Error(`stopped by ${signal}`)
})

const directory = await mkdtemp(join(tmpdir(), 'waybill-demo-'))
const startedAt = performance.now()
try {
  await Promise.race([demonstrate(), interrupted])
  say(
    `\nAll files are right. The demo took ${((performance.now() - startedAt) / 1000).toFixed(0)} s. Now try: npm start`,
  )
} catch (error) {
  process.stderr.write(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
} finally {
  await rm(directory, { recursive: true, force: true })
}
// The handlers of the signals would keep the process waiting.
process.exit()

async function demonstrate(): Promise<void> {
  const system = await startSystem({
    say,
    // Nothing of the environment: the demo touches no database but its own.
    env: {},
    defaults: {
      DATA_DIR: directory,
      SAMPLE_ROWS: String(SAMPLE_ROWS),
      PORT: '0',
      HOST: '127.0.0.1',
      LOG_LEVEL: 'error',
    },
    durable: false,
  })
  const stopped = interrupted.catch(() => system.stop())
  try {
    const results: Verified[] = []
    for (const { name: dataset, database } of system.datasets.values()) {
      if (database === 'ledger') continue // the trail grows while it is counted
      for (const format of FORMAT_NAMES) {
        const expectedRows = await count(system.config.DATABASE_URL, dataset)
        results.push(await exportAndVerify(system, { dataset, format, expectedRows, directory }))
      }
    }
    say(`\nAnd now ${MANY_ROWS.toLocaleString('en')} rows (making them takes some seconds)`)
    await multiply(system.config.DATABASE_URL, MANY_ROWS / SAMPLE_ROWS - 1)
    const expectedRows = await count(system.config.DATABASE_URL, 'user-points')
    results.push(await exportAndVerify(system, { dataset: 'user-points', format: 'csv', expectedRows, directory }))
    printTable(results)
  } finally {
    await Promise.race([system.stop(), stopped])
  }
}

async function count(url: string, dataset: string): Promise<number> {
  const sql = COUNTS[dataset]
  if (sql === undefined) throw new Error(`the demo cannot count the rows of ${dataset}`)
  const [row] = await query<{ count: string }>(url, sql, [])
  return Number(row?.count)
}

async function multiply(url: string, times: number): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    // The new rows refer to what the old ones refer to: no need to look each up again.
    await client.query(`SET session_replication_role = 'replica'`)
    await client.query(MULTIPLY, [times])
    await client.query('ANALYZE userpoints')
  } finally {
    await client.end()
  }
}

async function query<T extends pg.QueryResultRow>(url: string, sql: string, values: unknown[]): Promise<T[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<T>(sql, values)).rows
  } finally {
    await client.end()
  }
}

function printTable(results: readonly Verified[]): void {
  const lines = results.map(({ dataset, format, rows, bytes, seconds, sha256 }) => [
    dataset,
    format,
    rows.toLocaleString('en'),
    `${(bytes / 1e6).toFixed(1)} MB`,
    `${seconds.toFixed(2)} s`,
    sha256.slice(0, 16),
    'rows ✓ sha256 ✓',
  ])
  const table = [['dataset', 'format', 'rows', 'size', 'time', 'sha256', 'verified'], ...lines]
  const widths = table[0]?.map((_, column) => Math.max(...table.map((line) => line[column]?.length ?? 0))) ?? []
  const isNumber = (column: number) => column >= 2 && column <= 4
  say('')
  for (const line of table) {
    say(
      line
        .map((cell, column) =>
          isNumber(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
        )
        .join('  '),
    )
  }
}
