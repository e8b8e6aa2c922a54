// The simplest export, for comparison: reads all rows into memory, joins them to one text, and writes it to a file.
import { writeFile } from 'node:fs/promises'
import pg from 'pg'
import { peakBytes } from '../system/proc.ts'
import { exportSql } from './speed.ts'

const [databaseUrl, file] = process.argv.slice(2)
if (databaseUrl === undefined || file === undefined) throw new Error('usage: at-once.ts DATABASE_URL FILE')

const quote = (text: string | null) =>
  text === null ? '' : /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text

const startedAt = performance.now()
const client = new pg.Client({ connectionString: databaseUrl })
await client.connect()
await client.query(`SET work_mem = '64MB'; SET TimeZone = 'UTC'`)
const { rows } = await client.query<Record<string, string | null>>(exportSql())
const text = rows.map((row) => Object.values(row).map(quote).join(',')).join('\r\n')
await writeFile(file, text)
const seconds = (performance.now() - startedAt) / 1000
await client.end()
const bytes = Buffer.byteLength(text)
process.stdout.write(`${JSON.stringify({ seconds, peakBytes: await peakBytes(process.pid), bytes })}\n`)
