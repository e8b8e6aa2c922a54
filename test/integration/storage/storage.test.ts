// The storage writes complete objects only, and a link opens only its own object.
import { createHash, randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { createStorage, type Storage } from '@waybill/shared/storage/storage.ts'
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import { look } from '../../setup/bucket.ts'
import { PART_BYTES, putOptions, storageOptions } from '../../setup/storage.ts'

const MIB = 1024 ** 2
const PREFIX = `storage-${randomBytes(4).toString('hex')}/`

/** Random bytes, repeated with a period that does not divide the part size. */
function bytesOf(length: number): Buffer {
  const block = randomBytes(Math.min(length, 1_000_003))
  return Buffer.concat(Array.from({ length: Math.ceil(length / block.length || 0) }, () => block)).subarray(0, length)
}

async function* chunks(bytes: Buffer, size = 77_777): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size)
}

/** Yields `bytes` bytes, then throws like a source that fails. */
async function* thenFails(bytes: number, error: Error): AsyncGenerator<Uint8Array> {
  yield* chunks(bytesOf(bytes))
  throw error
}

let storage: Storage
beforeAll(() => {
  storage = createStorage(storageOptions())
})
afterAll(async () => {
  await storage.removeAll(PREFIX)
  storage.close()
})
afterEach(async () => {
  expect((await look(PREFIX)).openUploads, 'no upload is left open').toEqual([])
})

const fetchBytes = async (key: string): Promise<Buffer> =>
  Buffer.from(await (await fetch(await storage.signedUrl(key, 60))).arrayBuffer())

describe('an object', () => {
  it.each([0, 1, PART_BYTES - 1, PART_BYTES, PART_BYTES + 1, 40 * MIB])(
    'of %i bytes is stored completely',
    async (length) => {
      const bytes = bytesOf(length)
      const seen: number[] = []
      const stored = await storage.put(
        `${PREFIX}${length}`,
        chunks(bytes),
        putOptions({ onProgress: (n) => seen.push(n) }),
      )
      const sha256 = createHash('sha256').update(bytes).digest('hex')
      expect(stored).toEqual({ bytes: length, sha256 })
      expect(
        createHash('sha256')
          .update(await fetchBytes(`${PREFIX}${length}`))
          .digest('hex'),
      ).toBe(sha256)
      expect(seen.at(-1) ?? 0).toBe(length)
      expect(seen).toEqual([...seen].sort((a, b) => a - b))
    },
  )

  it('of several parts reports its upload before the first part is sent', async () => {
    const uploads: string[] = []
    let sent = 0
    await storage.put(
      `${PREFIX}reported`,
      chunks(bytesOf(2 * PART_BYTES)),
      putOptions({
        onProgress: (bytes) => {
          sent = bytes
        },
        onUploadStarted: async (id) => {
          uploads.push(id)
          const { openUploads } = await look(PREFIX)
          expect(openUploads).toEqual(['reported'])
        },
      }),
    )
    expect(uploads).toHaveLength(1)
    expect(sent).toBe(2 * PART_BYTES)
  })
})

describe('a body that fails', () => {
  it.each([
    ['before the first byte', 0],
    ['within the first part', 1 * MIB],
    ['after several parts', 2 * PART_BYTES + 1],
  ])('%s leaves no object, and its error is the cause', async (_, length) => {
    const error = new Error('the source has failed')
    const key = `${PREFIX}failed-${length}`
    await expect(storage.put(key, thenFails(length, error), putOptions())).rejects.toMatchObject({ cause: error })
    expect((await look(key)).objects).toEqual([])
  })

  it('leaves no object when the upload cannot be recorded', async () => {
    const key = `${PREFIX}unrecorded`
    const onUploadStarted = async () => {
      throw new Error('the ledger has failed')
    }
    await expect(
      storage.put(key, chunks(bytesOf(3 * PART_BYTES)), putOptions({ onUploadStarted })),
    ).rejects.toMatchObject({
      cause: { message: 'the ledger has failed' },
    })
    expect((await look(key)).objects).toEqual([])
  })
})

describe('an upload that is aborted', () => {
  it.each([
    ['before it began', -1],
    ['within the first part', 1 * MIB],
    ['in the middle', 3 * PART_BYTES],
  ])('%s ends at once with the reason, and both ends are released', async (_, after) => {
    const aborting = new AbortController()
    const reason = new Error('canceled')
    if (after < 0) aborting.abort(reason)
    const state = { closed: after < 0 }
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) {
          yield randomBytes(100_000)
          await sleep(0)
        }
      } finally {
        state.closed = true
      }
    }
    const onProgress = (bytes: number) => {
      if (bytes > after) aborting.abort(reason)
    }
    const key = `${PREFIX}aborted-${after}`
    await expect(storage.put(key, endless(), putOptions({ signal: aborting.signal, onProgress }))).rejects.toBe(reason)
    await sleep(50)
    expect(state.closed, 'the source is closed').toBe(true)
    expect((await look(key)).objects).toEqual([])
  })

  it('does not wait for a silent body', async () => {
    const aborting = new AbortController()
    async function* stalled(): AsyncGenerator<Uint8Array> {
      yield randomBytes(PART_BYTES + 1)
      await new Promise(() => undefined)
    }
    const uploading = storage.put(`${PREFIX}stalled`, stalled(), putOptions({ signal: aborting.signal }))
    const outcome = expect(uploading).rejects.toThrow('enough')
    await sleep(200)
    aborting.abort(new Error('enough'))
    await outcome
  })
})

describe('a link', () => {
  it('works without credentials, has the file name, and expires', async () => {
    const key = `${PREFIX}linked.csv`
    await storage.put(key, chunks(bytesOf(10)), putOptions())
    // S3 signs with whole seconds, so a link for one second may be valid for much less.
    const url = await storage.signedUrl(key, 3)
    const response = await fetch(url)
    expect(response.status).toBe(200)
    expect(response.headers.get('content-disposition')).toBe('attachment; filename="users_20260609T120000Z.csv"')
    expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8')
    expect((await response.arrayBuffer()).byteLength).toBe(10)
    await expect.poll(async () => (await fetch(url)).status, { interval: 200 }).toBe(403)
  })

  it('opens only its own object, only for reading, and only with its signature', async () => {
    await storage.put(`${PREFIX}a`, chunks(bytesOf(10)), putOptions())
    await storage.put(`${PREFIX}b`, chunks(bytesOf(10)), putOptions())
    const url = new URL(await storage.signedUrl(`${PREFIX}a`, 60))
    const other = new URL(url)
    other.pathname = other.pathname.replace(/a$/, 'b')
    const bare = `${url.origin}${url.pathname}`
    expect((await fetch(other)).status).toBe(403)
    expect((await fetch(bare)).status).toBe(403)
    expect((await fetch(url, { method: 'DELETE' })).status).toBe(403)
    expect((await fetch(url, { method: 'PUT', body: 'x' })).status).toBe(403)
  })

  it('is signed for the public endpoint', async () => {
    const { endpoint } = inject('s3')
    const outside = endpoint.replace('127.0.0.1', 'localhost')
    const inner = createStorage(storageOptions({ publicEndpoint: outside }))
    try {
      await inner.put(`${PREFIX}public`, chunks(bytesOf(10)), putOptions())
      const url = await inner.signedUrl(`${PREFIX}public`, 60)
      expect(new URL(url).origin).toBe(outside)
      expect((await fetch(url)).status).toBe(200)
      expect((await fetch(url.replace(outside, endpoint))).status, 'the host is part of the signature').toBe(403)
    } finally {
      inner.close()
    }
  })
})

it('removes only the objects under a prefix', async () => {
  for (const name of ['x/1', 'x/2', 'xy']) await storage.put(`${PREFIX}rm/${name}`, chunks(bytesOf(1)), putOptions())
  await storage.removeAll(`${PREFIX}rm/x/`)
  await storage.removeAll(`${PREFIX}rm/x/`)
  expect((await look(`${PREFIX}rm/`)).objects).toEqual(['xy'])
})

it('writes below its prefix, and reaches a recorded key after the prefix has changed', async () => {
  const before = createStorage(storageOptions({ prefix: `${PREFIX}before/` }))
  const after = createStorage(storageOptions({ prefix: `${PREFIX}after/` }))
  try {
    await before.put('exports/1/file', chunks(bytesOf(10)), putOptions())
    const fullKey = before.fullKey('exports/1/file')
    expect(fullKey).toBe(`${PREFIX}before/exports/1/file`)
    expect((await look(`${PREFIX}before/`)).objects).toEqual(['exports/1/file'])
    await after.removeAll('')
    expect((await fetch(await after.signedUrl({ fullKey }, 60))).status).toBe(200)
    await after.removeAll({ fullKey: `${PREFIX}before/exports/1/` })
    expect((await look(`${PREFIX}before/`)).objects).toEqual([])
  } finally {
    before.close()
    after.close()
  }
})
