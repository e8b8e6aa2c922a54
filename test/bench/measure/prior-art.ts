// Exports the same rows to the same storage with other tools: psql's \copy, csv-stringify, and the stream writer of exceljs.
import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { PassThrough, Readable } from 'node:stream'
import { S3Client } from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import pg from 'pg'
import { exportSql } from './speed.ts'

const [name = '', databaseUrl = ''] = process.argv.slice(2)

/** The number of rows of one FETCH. */
const PAGE_ROWS = 1_000

const TICKS_PER_SECOND = 100

type Row = Record<string, string | null>

/** Yields pages of rows, read with a cursor. */
async function* pages(client: pg.Client): AsyncGenerator<Row[], void, void> {
  await client.query(
    `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL work_mem = '64MB'; SET LOCAL TimeZone = 'UTC'`,
  )
  await client.query(`DECLARE rows NO SCROLL CURSOR FOR ${exportSql()}`)
  for (;;) {
    const { rows } = await client.query<Row>(`FETCH FORWARD ${PAGE_ROWS} FROM rows`)
    if (rows.length > 0) yield rows
    if (rows.length < PAGE_ROWS) break
  }
  await client.query('COMMIT')
}

async function* rowsOf(client: pg.Client): AsyncGenerator<(string | null)[], void, void> {
  for await (const page of pages(client)) for (const row of page) yield Object.values(row)
}

async function connect(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  return client
}

/** The file as a stream, and the cleanup after it has been read. */
async function open(): Promise<{ body: Readable; done: () => Promise<unknown> }> {
  if (name === 'psql') {
    const sql = `\\copy (${exportSql()}) to stdout with (format csv, header)`
    const child = spawn('psql', ['-X', '-c', `SET work_mem = '64MB'; SET TimeZone = 'UTC'`, '-c', sql, databaseUrl], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    return { body: child.stdout, done: async () => undefined }
  }
  const client = await connect()
  if (name === 'csv-stringify') {
    const { stringify } = await import('csv-stringify')
    const body = Readable.from(rowsOf(client)).pipe(stringify())
    return { body, done: () => client.end() }
  }
  const { default: ExcelJS } = await import('exceljs')
  const body = new PassThrough()
  const workbook = new ExcelJS.stream.xlsx.WorkbookWriter({ stream: body, zip: { zlib: { level: 1 } } })
  const sheet = workbook.addWorksheet('Sheet1')
  const writing = (async () => {
    for await (const page of pages(client)) {
      for (const row of page) sheet.addRow(Object.values(row)).commit()
      // The writer does not wait for its stream. Without a pause, it writes nothing, and all rows stay in memory.
      while (body.writableNeedDrain) await new Promise((resolve) => setTimeout(resolve, 1))
    }
    sheet.commit()
    await workbook.commit()
  })()
  const done = async () => {
    await writing
    await client.end()
  }
  return { body, done }
}

/** The CPU time of this process and its children, user and system. */
async function cpuSeconds(): Promise<number> {
  const stat = await readFile('/proc/self/stat', 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return [11, 12, 13, 14].reduce((sum, field) => sum + Number(fields[field]), 0) / TICKS_PER_SECOND
}

const env = process.env
const storage = new S3Client({
  endpoint: env.S3_ENDPOINT ?? '',
  region: env.S3_REGION ?? '',
  forcePathStyle: true,
  credentials: { accessKeyId: env.S3_ACCESS_KEY_ID ?? '', secretAccessKey: env.S3_SECRET_ACCESS_KEY ?? '' },
})
const before = await cpuSeconds().catch(() => Number.NaN)
const startedAt = performance.now()
const { body, done } = await open()
let bytes = 0
body.on('data', (chunk: Buffer) => {
  bytes += chunk.length
})
body.pause()
await new Upload({
  client: storage,
  params: { Bucket: env.S3_BUCKET ?? '', Key: `prior-art/${name}`, Body: body },
}).done()
await done()
const seconds = (performance.now() - startedAt) / 1000
const cpu = (await cpuSeconds().catch(() => Number.NaN)) - before
const peakBytes = process.resourceUsage().maxRSS * 1024
process.stdout.write(
  `${JSON.stringify({ seconds, bytes, peakBytes, ...(Number.isNaN(cpu) ? {} : { cpuSeconds: cpu }) })}\n`,
)
storage.destroy()
