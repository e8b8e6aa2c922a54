// Fault 18: no permission, no bucket or no quota. The export fails at once with advice, and the request is not repeated.
import { ERRORS, type ErrorCode } from '@waybill/shared/vocabulary/errors.ts'
import { expect, it } from 'vitest'
import { type Fault, isUpload, type SeenRequest, s3Error } from '../../setup/network/http-fault-proxy.ts'
import { startChaos } from '../setup/chaos.ts'
import { useRig } from '../setup/rig.ts'

/** Two parts. */
const FILE = { dataset: 'users', format: 'csv' }
const SMALL_FILE = { ...FILE, limit: 100 }
const ROWS = 7_000

const rig = useRig({
  queue: 'redis',
  rows: ROWS,
  rowBytes: 1000,
  settings: { WORKER_CONCURRENCY: '8' },
})

type Refusal = readonly [code: ErrorCode, request: object, match: (request: SeenRequest) => boolean, fault: Fault]

const REFUSALS: readonly Refusal[] = [
  ['STORAGE_ACCESS_DENIED', SMALL_FILE, isUpload.whole, s3Error(403, 'AccessDenied')],
  ['STORAGE_ACCESS_DENIED', FILE, isUpload.create, s3Error(403, 'AccessDenied')],
  ['STORAGE_ACCESS_DENIED', FILE, isUpload.part, s3Error(400, 'ExpiredToken')],
  ['STORAGE_ACCESS_DENIED', SMALL_FILE, isUpload.manifest, s3Error(403, 'AccessDenied')],
  ['STORAGE_BUCKET_MISSING', SMALL_FILE, isUpload.whole, s3Error(404, 'NoSuchBucket')],
  ['STORAGE_FULL', FILE, isUpload.part, s3Error(403, 'QuotaExceeded')],
  ['STORAGE_FULL', SMALL_FILE, isUpload.whole, s3Error(403, 'XMinioAdminBucketQuotaExceeded')],
]

it('an export fails in its first attempt, with code and advice, when S3 rejects a request', async () => {
  const { s3, ask, ended, lockUsers, holds } = rig()
  const held = await lockUsers()
  const asked: { id: string; code: ErrorCode; hits: () => number; parts: number }[] = []
  for (const [code, request, match, fault] of REFUSALS) {
    const id = await ask(request)
    const rule = s3.fail((seen) => seen.path.includes(id) && match(seen), fault)
    // Parts are sent concurrently.
    asked.push({ id, code, hits: () => rule.hits, parts: match === isUpload.part ? 2 : 1 })
  }
  await held.release()
  for (const { id, code, hits, parts } of asked) {
    const done = await ended(id)
    expect(done).toMatchObject({ status: 'failed', attempts: 1, error: { code, retryable: false } })
    expect(done.error.message).toContain(ERRORS[code].advice)
    expect(hits(), `${code}: no storm of retries`).toBeLessThanOrEqual(4 * parts)
  }
  await holds(asked.map(({ id }) => id))
})

it.for([
  ['STORAGE_BUCKET_MISSING', { S3_BUCKET: 'no-such-bucket' }, 'NoSuchBucket'],
  ['STORAGE_ACCESS_DENIED', { S3_SECRET_ACCESS_KEY: 'wrong' }, 'S3_SECRET_ACCESS_KEY is wrong'],
] as const)(
  'an export fails with %s when the settings of the storage are wrong, and the check at the start of the worker names the cause',
  async ([code, settings, cause], test) => {
    const chaos = await startChaos(test, { queue: 'postgres' })
    const [api, worker] = await Promise.all([
      chaos.startLocalApi(),
      chaos.startWorker({ ...settings, S3_CHECK_AT_START: 'true' }),
    ])
    expect((await worker.said('storage check')).text).toContain(cause)
    const done = await api.admin.export(SMALL_FILE)
    expect(done).toMatchObject({ status: 'failed', attempts: 1, error: { code } })
    expect(done.error.message).toContain(ERRORS[code].advice)
  },
)
