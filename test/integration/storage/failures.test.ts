// Failures of the storage: temporary errors are retried, and all others are reported with their code in time.
import { createHash, randomBytes } from 'node:crypto'
import { createStorage, type Storage, type StorageOptions } from '@waybill/shared/storage/storage.ts'
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import { look } from '../../setup/bucket.ts'
import {
  type Fault,
  type HttpFaultProxy,
  isUpload,
  s3Error,
  startHttpFaultProxy,
} from '../../setup/network/http-fault-proxy.ts'
import { PART_BYTES, putOptions, storageOptions } from '../../setup/storage.ts'

const PREFIX = `storage-failures-${randomBytes(4).toString('hex')}/`
const REQUEST_TIMEOUT_MS = 700

const bytes = randomBytes(2 * PART_BYTES + 4_321)

/** Records whether the body was closed. A source that is not closed keeps its transaction open. */
function watchedBody() {
  const state = { closed: false }
  async function* body(): AsyncGenerator<Uint8Array> {
    try {
      for (let start = 0; start < bytes.length; start += 65_536) yield bytes.subarray(start, start + 65_536)
    } finally {
      state.closed = true
    }
  }
  return { state, body: body() }
}

let proxy: HttpFaultProxy
let storage: Storage
let shortTimeout: Storage
let direct: Storage
beforeAll(async () => {
  proxy = await startHttpFaultProxy(inject('s3').endpoint)
  storage = createStorage(storageOptions({ endpoint: proxy.endpoint }))
  shortTimeout = createStorage(storageOptions({ endpoint: proxy.endpoint, requestTimeout: REQUEST_TIMEOUT_MS }))
  direct = createStorage(storageOptions())
})
afterEach(() => proxy.restore())
afterAll(async () => {
  await direct.removeAll(PREFIX)
  direct.close()
  shortTimeout.close()
  storage.close()
  await proxy.close()
})

describe('a storage with temporary errors', () => {
  it.each<[string, keyof typeof isUpload, Fault]>([
    ['answers 500 to a part', 'part', s3Error(500, 'InternalError')],
    ['answers 503 to a part', 'part', s3Error(503, 'SlowDown')],
    ['resets the connection before a part', 'part', { kind: 'reset' }],
    ['resets the connection within a part', 'part', { kind: 'reset', afterBytes: 1_000_000 }],
    ['loses the answer to a part', 'part', { kind: 'lose-answer' }],
    ['answers 503 to the start of the upload', 'create', s3Error(503, 'ServiceUnavailable')],
    ['loses the answer to the start of the upload', 'create', { kind: 'lose-answer' }],
    ['answers 500 to the completion', 'complete', s3Error(500, 'InternalError')],
    ['answers 500 to the check of the object', 'head', { kind: 'answer', status: 500 }],
  ])('that %s is retried, and the object is complete', async (name, step, fault) => {
    const rule = proxy.fail(isUpload[step], fault, { times: 1 })
    const key = `${PREFIX}${createHash('sha256').update(name).digest('hex').slice(0, 8)}`
    const stored = await storage.put(key, watchedBody().body, putOptions())
    expect(rule.hits).toBe(1)
    const file = Buffer.from(await (await fetch(await direct.signedUrl(key, 60))).arrayBuffer())
    expect(file.equals(bytes)).toBe(true)
    expect(stored).toEqual({ bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') })
    expect((await look(key)).openUploads).toEqual([])
  })
})

it.each<Fault>([{ kind: 'hang' }, s3Error(403, 'AccessDenied')])(
  'a file is complete although its lost upload cannot be found: $kind',
  async (fault) => {
    const lost = proxy.fail(isUpload.create, { kind: 'lose-answer' }, { times: 1 })
    const listed = proxy.fail(({ method, query }) => method === 'GET' && query.has('uploads'), fault)
    const key = `${PREFIX}unlisted-${fault.kind}`
    const stored = await storage.put(key, watchedBody().body, putOptions())
    expect(stored.bytes).toBe(bytes.length)
    expect([lost.hits, listed.hits]).toEqual([1, 1])
    const { openUploads } = await look(key)
    expect(openUploads, 'left to the reconciler').toHaveLength(1)
    await direct.abortUploads(key)
  },
)

describe('a storage that stays unavailable', () => {
  it.each<[string, keyof typeof isUpload, Fault]>([
    ['answers 500', 'part', s3Error(500, 'InternalError')],
    ['resets every part', 'part', { kind: 'reset' }],
    ['receives a part and does not answer', 'part', { kind: 'hang' }],
    ['stops reading in the middle of a part', 'part', { kind: 'hang', afterBytes: 100_000 }],
    ['does not answer the start of the upload', 'create', { kind: 'hang' }],
    ['does not answer the completion', 'complete', { kind: 'hang' }],
  ])('and %s is reported in time, and the body is closed', async (_, step, fault) => {
    proxy.fail(isUpload[step], fault)
    const { state, body } = watchedBody()
    const startedAt = performance.now()
    const key = `${PREFIX}unavailable`
    const started: string[] = []
    const onUploadStarted = async (id: string) => void started.push(id)
    const uploading = shortTimeout.put(key, body, putOptions({ onUploadStarted }))
    await expect(uploading).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
    // Usually 5 s: four attempts, the delays between them, and the abort of the upload.
    expect(performance.now() - startedAt).toBeLessThan(50_000)
    expect(state.closed).toBe(true)
    expect((await look(key)).objects).toEqual([])
    // On a busy machine, an answer may arrive too late: then the server has an upload whose id the client does not know.
    for (const id of started) {
      const aborts = proxy.requests.filter((request) => isUpload.abort(request) && request.query.get('uploadId') === id)
      expect(aborts.map(({ outcome }) => outcome)).toContain(204)
    }
    expect(started).toHaveLength(step === 'create' ? 0 : 1)
  })

  it('does not delay a cancel, also when it hangs', async () => {
    proxy.fail(isUpload.part, { kind: 'hang' })
    const aborting = new AbortController()
    const uploading = storage.put(`${PREFIX}left`, watchedBody().body, putOptions({ signal: aborting.signal }))
    const outcome = expect(uploading).rejects.toThrow('canceled')
    while (proxy.hanging === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    const startedAt = performance.now()
    aborting.abort(new Error('canceled'))
    await outcome
    expect(performance.now() - startedAt).toBeLessThan(20_000)
    expect(proxy.hanging, 'the requests are ended').toBe(0)
  })
})

describe('a storage that refuses is not retried', () => {
  it.each<[string, Partial<StorageOptions> | Fault, string]>([
    ['the bucket is missing', { bucket: 'no-such-bucket' }, 'STORAGE_BUCKET_MISSING'],
    [
      'the secret is wrong',
      { credentials: { accessKeyId: 'waybill', secretAccessKey: 'wrong' } },
      'STORAGE_ACCESS_DENIED',
    ],
    ['the key is unknown', s3Error(403, 'InvalidAccessKeyId'), 'STORAGE_ACCESS_DENIED'],
    ['the policy denies access', s3Error(403, 'AccessDenied'), 'STORAGE_ACCESS_DENIED'],
    ['the quota is used up', s3Error(403, 'QuotaExceeded'), 'STORAGE_FULL'],
  ])('%s', async (_, change, code) => {
    const isFault = 'kind' in change
    const rule = isFault ? proxy.fail(({ method }) => method === 'POST' || method === 'PUT', change) : undefined
    const refusing = createStorage(storageOptions({ endpoint: proxy.endpoint, ...(isFault ? {} : change) }))
    try {
      const before = proxy.requests.length
      await expect(refusing.put(`${PREFIX}refused`, watchedBody().body, putOptions())).rejects.toMatchObject({ code })
      expect(proxy.requests.slice(before).filter(isUpload.create)).toHaveLength(1)
      rule?.remove()
    } finally {
      refusing.close()
    }
  })
})

it('reports a full disk as STORAGE_UNAVAILABLE, for which exports wait', async () => {
  proxy.fail(isUpload.part, s3Error(507, 'XMinioStorageFull'))
  await expect(storage.put(`${PREFIX}full`, watchedBody().body, putOptions())).rejects.toMatchObject({
    code: 'STORAGE_UNAVAILABLE',
    outage: 'storage',
  })
})

it('detects a bucket whose object differs from the sent bytes', async () => {
  const key = `${PREFIX}mismatch`
  proxy.fail(isUpload.head, { kind: 'answer', status: 404 })
  await expect(storage.put(key, watchedBody().body, putOptions())).rejects.toMatchObject({ code: 'STORAGE_MISMATCH' })
})

it('verifies a file of one part by the checksum in the answer, without another request', async () => {
  async function* body() {
    yield bytes.subarray(0, 1_000)
  }
  const before = proxy.requests.length
  await storage.put(`${PREFIX}one-part`, body(), putOptions())
  expect(proxy.requests.slice(before).map(({ method }) => method)).toEqual(['PUT'])
})
