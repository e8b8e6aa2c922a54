// Checks the invariants of exports after a fault, in the database and in the bucket.
import { createHash } from 'node:crypto'
import {
  GetObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
  S3Client,
} from '@aws-sdk/client-s3'
import { verifyTrail } from '@waybill/shared/audit/verify.ts'
import type pg from 'pg'
import { withClient } from '../../setup/database.ts'
import { countRows } from './count-rows.ts'
import { type TrailEvent, trailViolations } from './trail.ts'

/** The settings for the database and the storage, by name, without proxies. */
export type Place = Readonly<Record<string, string>>

interface Row {
  readonly id: string
  readonly status: string
  readonly attempts: number
  readonly format: string
  readonly compression: string
  readonly artifactKey: string | null
  readonly rowCount: number | null
  readonly bytes: number
  readonly sha256: string | null
  readonly attemptToken: string | null
  readonly errorCode: string | null
}

const TERMINAL = new Set(['completed', 'failed', 'canceled', 'expired'])

/**
 * Finds all violations of these exports. The cleanup of the workers may take a moment, so callers repeat the check until it
 * finds none.
 */
export async function findViolations(place: Place, exportIds: readonly string[]): Promise<string[]> {
  const bucket = openBucket(place)
  try {
    return await withClient(String(place.DATABASE_URL), async (client) => {
      const problems: string[] = []
      const open = await bucket.uploads(`${place.S3_PREFIX}exports/`)
      for (const id of exportIds) {
        const row = await readRow(client, id)
        const own =
          row === undefined ? ['was answered 202 and is not there'] : await ofExport(client, bucket, place, row)
        own.push(...open.filter((key) => key.includes(id)).map((key) => `left an open upload: ${key}`))
        problems.push(...own.map((problem) => `${id}: ${problem}`))
      }
      const { problems: ofTrail } = await verifyTrail(String(place.DATABASE_URL))
      return [...problems, ...ofTrail, ...(await openReads(client))]
    })
  } finally {
    bucket.close()
  }
}

async function ofExport(client: pg.Client, bucket: Bucket, place: Place, row: Row): Promise<string[]> {
  if (!TERMINAL.has(row.status)) return [`is ${row.status}`]
  const problems = trailViolations(await readTrail(client, row.id), row)
  if (row.attemptToken !== null) problems.push('has ended, and still belongs to an attempt')
  if ((row.errorCode !== null) !== (row.status === 'failed')) problems.push(`is ${row.status} with ${row.errorCode}`)
  const { rowCount: unswept } = await client.query(
    'SELECT FROM waybill.uploads WHERE export_id = $1 AND swept_at IS NULL',
    [row.id],
  )
  if (unswept !== 0) problems.push(`${unswept} uploads are noted and not swept`)

  const keys = await bucket.keys(`${place.S3_PREFIX}exports/${row.id}/`)
  if (row.status !== 'completed') return keys.length === 0 ? problems : [...problems, `left behind ${keys.join(', ')}`]
  const manifest = `${row.artifactKey?.slice(0, row.artifactKey.lastIndexOf('/'))}/manifest.json`
  const expected = [row.artifactKey, manifest].sort()
  if (JSON.stringify(keys) !== JSON.stringify(expected)) {
    return [...problems, `has ${keys.join(', ') || 'no object'} where ${expected.join(', ')} should be`]
  }
  return [...problems, ...(await ofFile(bucket, row, manifest))]
}

async function ofFile(bucket: Bucket, row: Row, manifest: string): Promise<string[]> {
  const problems: string[] = []
  const file = await bucket.read(String(row.artifactKey))
  const sha256 = createHash('sha256').update(file).digest('hex')
  if (sha256 !== row.sha256) problems.push(`the file's SHA-256 is ${sha256}, the row's ${row.sha256}`)
  if (file.byteLength !== row.bytes) problems.push(`the file has ${file.byteLength} bytes, the row says ${row.bytes}`)
  const rows = countRows(file, row)
  if (rows !== row.rowCount) problems.push(`the file has ${rows} rows, the row says ${row.rowCount}`)
  const told = JSON.parse((await bucket.read(manifest)).toString('utf8')) as Record<string, unknown>
  if (told.sha256 !== row.sha256 || told.rowCount !== row.rowCount) problems.push('the manifest is of another file')
  return problems
}

/** Finds open reads. A connection in a transaction would keep the snapshot of the source. */
async function openReads(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ line: string }>(
    `SELECT concat_ws(' | ', application_name, state, left(query, 120)) AS line FROM pg_stat_activity
      WHERE datname = current_database() AND application_name LIKE '%-source' AND state <> 'idle'`,
  )
  return rows.map(({ line }) => `a read of the source is still open: ${line}`)
}

async function readRow(client: pg.Client, id: string): Promise<Row | undefined> {
  const { rows } = await client.query<Row>(
    `SELECT id, status, attempts, format, compression, artifact_key AS "artifactKey", row_count::int AS "rowCount",
       bytes::int AS bytes, sha256, attempt_token AS "attemptToken", error_code AS "errorCode"
     FROM waybill.exports WHERE id = $1`,
    [id],
  )
  return rows[0]
}

export async function readTrail(client: Pick<pg.Pool, 'query'>, id: string): Promise<TrailEvent[]> {
  const { rows } = await client.query<TrailEvent>(
    'SELECT type, actor, attempt FROM waybill.audit_events WHERE export_id = $1 ORDER BY id',
    [id],
  )
  return rows
}

interface Bucket {
  /** The events of the export in order. */
  keys(prefix: string): Promise<string[]>
  /** Keys of multipart uploads that are neither completed nor aborted. */
  uploads(prefix: string): Promise<string[]>
  read(key: string): Promise<Buffer>
  close(): void
}

export function openBucket(place: Place): Bucket {
  const Bucket = place.S3_BUCKET
  const client = new S3Client({
    endpoint: String(place.S3_ENDPOINT),
    region: String(place.S3_REGION),
    forcePathStyle: true,
    credentials: { accessKeyId: String(place.S3_ACCESS_KEY_ID), secretAccessKey: String(place.S3_SECRET_ACCESS_KEY) },
  })
  return {
    async keys(Prefix) {
      const keys: string[] = []
      let ContinuationToken: string | undefined
      do {
        const page: ListObjectsV2CommandOutput = await client.send(
          new ListObjectsV2Command({ Bucket, Prefix, ContinuationToken }),
        )
        keys.push(...(page.Contents ?? []).map(({ Key }) => String(Key)))
        ContinuationToken = page.NextContinuationToken
      } while (ContinuationToken !== undefined)
      return keys.sort()
    },
    async uploads(Prefix) {
      const { Uploads } = await client.send(new ListMultipartUploadsCommand({ Bucket, Prefix }))
      return (Uploads ?? []).map(({ Key }) => String(Key))
    },
    async read(Key) {
      const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }))
      if (Body === undefined) throw new Error(`${Key} has no body`)
      return Buffer.from(await Body.transformToByteArray())
    },
    close: () => client.destroy(),
  }
}
