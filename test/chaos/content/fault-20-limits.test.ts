// Fault 20: a file with more parts than S3 allows. The part size grows with the estimated size; a larger file fails.
import { Readable } from 'node:stream'
import { S3Client } from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { storageError } from '@waybill/shared/storage/failure.ts'
import { expect, it } from 'vitest'
import { look } from '../../setup/bucket.ts'
import { isUpload } from '../../setup/network/http-fault-proxy.ts'
import { useRig } from '../setup/rig.ts'

const FILE = { dataset: 'users', format: 'csv' }
const PART_BYTES = 5 * 1024 ** 2

const rig = useRig({ queue: 'redis', rows: 7_000, rowBytes: 1000, settings: { WORKER_LOCK: '10s' } })

it('parts grow with the estimate, so that ten times the estimated rows fit', async () => {
  const { client, run, s3, holds } = rig()
  const partsOf = (id: string) => s3.requests.filter((seen) => isUpload.part(seen) && seen.path.includes(id)).length
  const usual = await run(FILE)
  expect(partsOf(usual.id)).toBe(2)
  // The planner estimates a hundred million rows of a kilobyte, so the parts have at least 100 MiB.
  await client.query(`UPDATE pg_class SET reltuples = 1e8 WHERE oid = 'users'::regclass`)
  const huge = await run(FILE)
  expect(huge).toMatchObject({ status: 'completed', rowCount: 7_000, sha256: usual.sha256 })
  expect(partsOf(huge.id), 'all of it is less than one part').toBe(0)
  await client.query('ANALYZE users')
  await holds([usual.id, huge.id])
})

it('an export fails at once and leaves no open upload when S3 rejects a part number', async () => {
  const { run, s3, holds } = rig()
  // The exact response of S3. A real test would need 10,001 parts, 50 GB.
  const message = 'Part number must be an integer between 1 and 10000, inclusive'
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>InvalidArgument</Code><Message>${message}</Message></Error>`
  s3.fail((seen) => isUpload.part(seen) && seen.query.get('partNumber') === '2', { kind: 'answer', status: 400, body })
  const done = await run({ ...FILE, format: 'ndjson' })
  expect(done).toMatchObject({ status: 'failed', attempts: 1, error: { code: 'FILE_TOO_LARGE', retryable: false } })
  await holds([done.id])
})

it('the upload library rejects too many parts with the message that we map', async () => {
  const { settings } = rig()
  const client = new S3Client({
    endpoint: String(settings.S3_ENDPOINT),
    region: String(settings.S3_REGION),
    forcePathStyle: true,
    credentials: {
      accessKeyId: String(settings.S3_ACCESS_KEY_ID),
      secretAccessKey: String(settings.S3_SECRET_ACCESS_KEY),
    },
  })
  const Key = `${settings.S3_PREFIX}limits/file`
  const Body = Readable.from(Array.from({ length: 5 }, () => Buffer.alloc(PART_BYTES)))
  const upload = new Upload({
    client,
    partSize: PART_BYTES,
    queueSize: 1,
    params: { Bucket: settings.S3_BUCKET, Key, Body },
  })
  Object.assign(upload, { MAX_PARTS: 2 })
  const failure = await upload.done().catch((error: unknown) => error)
  client.destroy()
  expect(storageError(failure)).toMatchObject({ code: 'FILE_TOO_LARGE', kind: { retryable: false } })
  expect(await look(Key)).toEqual({ objects: [], openUploads: [] })
})
