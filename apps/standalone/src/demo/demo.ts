// `npm run demo`: exports every dataset in every format through the API, and checks each file.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { untilSignal } from '@waybill/shared/process/signals.ts'
import { FORMAT_NAMES, type FormatName } from '@waybill/shared/vocabulary/export.ts'
import pg from 'pg'
import { type System, startSystem } from '../system.ts'
import { exportAndVerify } from './demo-export.ts'

const SAMPLE_ROWS = 100_000
const MANY_ROWS = 1_000_000

/** Counts the rows of each dataset, with SQL that shares nothing with the SQL of the datasets. */
const COUNTS: Readonly<Record<string, string>> = {
  users: 'SELECT count(*) FROM users',
  'user-points': 'SELECT count(*) FROM userpoints WHERE "userId" IS NOT NULL AND "taskId" IS NOT NULL',
  'user-interactions': 'SELECT count(*) FROM useractions',
  'wallet-transactions': 'SELECT count(*) FROM wallettransactions WHERE "walletId" IS NOT NULL',
}

/** Copies the existing rows several times under new ids. */
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
    `\nAll files are correct. The demo took ${((performance.now() - startedAt) / 1000).toFixed(0)} s. Now try: npm start`,
  )
} catch (error) {
  process.stderr.write(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
} finally {
  await rm(directory, { recursive: true, force: true })
}
// The signal handlers would keep the process alive.
process.exit()

async function demonstrate(): Promise<void> {
  const system = await startSystem({
    say,
    // Ignores the environment: the demo uses no database but its own.
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
    say(`\n${row('dataset', 'format', 'rows', 'size', 'time', 'sha256')}`)
    for (const { name: dataset, database } of system.datasets.values()) {
      if (database === 'ledger') continue // the audit trail grows while it is counted
      for (const format of FORMAT_NAMES) {
        const expectedRows = await count(system.config.DATABASE_URL, dataset)
        await show(system, dataset, format, expectedRows)
      }
    }
    say(`\nNow ${MANY_ROWS.toLocaleString('en')} rows (creating them takes some seconds)`)
    await multiply(system.config.DATABASE_URL, MANY_ROWS / SAMPLE_ROWS - 1)
    const expectedRows = await count(system.config.DATABASE_URL, 'user-points')
    await show(system, 'user-points', 'csv', expectedRows)
  } finally {
    await Promise.race([system.stop(), stopped])
  }
}

async function count(url: string, dataset: string): Promise<number> {
  const sql = COUNTS[dataset]
  if (sql === undefined) throw new Error(`The demo cannot count the rows of ${dataset}.`)
  const [row] = await query<{ count: string }>(url, sql, [])
  return Number(row?.count)
}

async function multiply(url: string, times: number): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    // The references of the copies are those of the originals: they need no check.
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

/** Exports, checks, and prints one line; on a terminal, the line shows the progress meanwhile. */
async function show(system: System, dataset: string, format: FormatName, expectedRows: number): Promise<void> {
  const { stdout } = process
  const redraw = (text: string) => void (stdout.isTTY && stdout.write(`\r\x1b[2K${text.slice(0, stdout.columns - 1)}`))
  const onProgress = (text: string) => redraw(`${dataset} ${format}: ${text}`)
  const found = await exportAndVerify(system, { dataset, format, expectedRows, directory, onProgress })
  redraw('')
  const size = `${(found.bytes / 1e6).toFixed(1)} MB`
  const time = `${found.seconds.toFixed(2)} s`
  say(
    `${row(dataset, format, found.rows.toLocaleString('en'), size, time, found.sha256.slice(0, 16))}  rows ✓ sha256 ✓`,
  )
}

function row(dataset: string, format: string, rows: string, size: string, time: string, sha256: string): string {
  return [dataset.padEnd(19), format.padEnd(6), rows.padStart(9), size.padStart(8), time.padStart(7), sha256].join('  ')
}
