// A storage that stumbles is tried again; one that is away, full of refusals or silent is told apart, in time.
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
import { PART, putOptions, storageOptions } from '../../setup/storage.ts'

const PREFIX = `storage-failures-${randomBytes(4).toString('hex')}/`
const TIMEOUT = 700

const bytes = randomBytes(2 * PART + 4_321)

/** Notes whether it was closed: a source that nobody closes keeps its transaction. */
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
let impatient: Storage
let direct: Storage
beforeAll(async () => {
  proxy = await startHttpFaultProxy(inject('s3').endpoint)
  storage = createStorage(storageOptions({ endpoint: proxy.endpoint }))
  impatient = createStorage(storageOptions({ endpoint: proxy.endpoint, requestTimeout: TIMEOUT }))
  direct = createStorage(storageOptions())
})
afterEach(() => proxy.restore())
afterAll(async () => {
  await direct.removeAll(PREFIX)
  direct.close()
  impatient.close()
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
    ['answers 503 to the beginning', 'create', s3Error(503, 'ServiceUnavailable')],
    ['loses the answer to the beginning', 'create', { kind: 'lose-answer' }],
    ['answers 500 to the end', 'complete', s3Error(500, 'InternalError')],
    ['answers 500 to the question what it holds', 'head', { kind: 'answer', status: 500 }],
  ])('and %s is tried again, and the object is whole', async (name, step, fault) => {
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
  'a file is whole, though it cannot be asked for uploads begun in vain: $kind',
  async (fault) => {
    const lost = proxy.fail(isUpload.create, { kind: 'lose-answer' }, { times: 1 })
    const asked = proxy.fail(({ method, query }) => method === 'GET' && query.has('uploads'), fault)
    const key = `${PREFIX}unlisted-${fault.kind}`
    const stored = await storage.put(key, watchedBody().body, putOptions())
    expect(stored.bytes).toBe(bytes.length)
    expect([lost.hits, asked.hits]).toEqual([1, 1])
    const { openUploads } = await look(key)
    expect(openUploads, 'left to the sweeper').toHaveLength(1)
    await direct.abortUploads(key)
  },
)

describe('a storage that stays unavailable', () => {
  it.each<[string, keyof typeof isUpload, Fault]>([
    ['answers 500', 'part', s3Error(500, 'InternalError')],
    ['resets every part', 'part', { kind: 'reset' }],
    ['takes a part and says nothing', 'part', { kind: 'hang' }],
    ['stops taking in the middle of a part', 'part', { kind: 'hang', afterBytes: 100_000 }],
    ['says nothing at the beginning', 'create', { kind: 'hang' }],
    ['says nothing at the end', 'complete', { kind: 'hang' }],
  ])('and %s is unavailable in time, and lets go of the body', async (_, step, fault) => {
    proxy.fail(isUpload[step], fault)
    const { state, body } = watchedBody()
    const startedAt = performance.now()
    const key = `${PREFIX}away`
    const begun: string[] = []
    const onUploadStarted = async (id: string) => void begun.push(id)
    const uploading = impatient.put(key, body, putOptions({ onUploadStarted }))
    await expect(uploading).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
    // Usually 5 s: four tries, the pauses between them, and the abort of the upload.
    expect(performance.now() - startedAt).toBeLessThan(50_000)
    expect(state.closed).toBe(true)
    expect((await look(key)).objects).toEqual([])
    // On a machine so busy that an answer comes too late, the server has begun uploads of which nobody knows the id.
    for (const id of begun) {
      const goodbyes = proxy.requests.filter(
        (request) => isUpload.abort(request) && request.query.get('uploadId') === id,
      )
      expect(goodbyes.map(({ outcome }) => outcome)).toContain(204)
    }
    expect(begun).toHaveLength(step === 'create' ? 0 : 1)
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
    ['the policy says no', s3Error(403, 'AccessDenied'), 'STORAGE_ACCESS_DENIED'],
    ['the quota is used up', s3Error(403, 'QuotaExceeded'), 'STORAGE_FULL'],
  ])('%s', async (_, change, code) => {
    const isFault = 'kind' in change
    const rule = isFault ? proxy.fail(({ method }) => method === 'POST' || method === 'PUT', change) : undefined
    const own = createStorage(storageOptions({ endpoint: proxy.endpoint, ...(isFault ? {} : change) }))
    try {
      const before = proxy.requests.length
      await expect(own.put(`${PREFIX}refused`, watchedBody().body, putOptions())).rejects.toMatchObject({ code })
      expect(proxy.requests.slice(before).filter(isUpload.create)).toHaveLength(1)
      rule?.remove()
    } finally {
      own.close()
    }
  })
})

it('reports a full disk as STORAGE_FULL', async () => {
  proxy.fail(isUpload.part, s3Error(507, 'XMinioStorageFull'))
  await expect(storage.put(`${PREFIX}full`, watchedBody().body, putOptions())).rejects.toMatchObject({
    code: 'STORAGE_FULL',
  })
})

it('detects a bucket whose object differs from the sent bytes', async () => {
  const key = `${PREFIX}mismatch`
  proxy.fail(isUpload.head, { kind: 'answer', status: 404 })
  await expect(storage.put(key, watchedBody().body, putOptions())).rejects.toMatchObject({ code: 'STORAGE_MISMATCH' })
})
