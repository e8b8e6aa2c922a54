// Objects of the embedded S3 server: conditions, ranges, lists, and what is on disk.

import { createHash, randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  PutObjectAclCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { beforeAll, describe, expect, test } from 'vitest'
import { startS3 } from '../../../apps/standalone/src/s3/embedded-s3.ts'
import { clientOf, MIB, send, useEmbeddedS3 } from '../../setup/embedded-s3.ts'

const suite = useEmbeddedS3()
const at = (Key: string) => ({ Bucket: suite.server.bucket, Key })
const put = (Key: string, Body: string | Buffer, more: object = {}) =>
  suite.client.send(new PutObjectCommand({ ...at(Key), Body, ...more }))
const read = async (Key: string, more: object = {}) => {
  const got = await suite.client.send(new GetObjectCommand({ ...at(Key), ...more }))
  return got.Body?.transformToString()
}

describe('conditions', () => {
  const KEY = 'conditional'
  const ETAG = `"${createHash('md5').update('hello').digest('hex')}"`
  const HOUR_MS = 3_600_000
  const earlier = () => new Date(Date.now() - HOUR_MS)
  const later = () => new Date(Date.now() + HOUR_MS)
  beforeAll(() => put(KEY, 'hello'))

  test.each<[string, () => object, number]>([
    ['If-Match with its ETag', () => ({ IfMatch: ETAG }), 200],
    ['If-Match with another ETag', () => ({ IfMatch: '"other"' }), 412],
    ['If-Match with its ETag, though modified since', () => ({ IfMatch: ETAG, IfUnmodifiedSince: earlier() }), 200],
    ['If-None-Match with another ETag', () => ({ IfNoneMatch: '"other"' }), 200],
    ['If-None-Match with its ETag', () => ({ IfNoneMatch: ETAG }), 304],
    [
      'If-None-Match with another ETag, though not modified since',
      () => ({ IfNoneMatch: '"x"', IfModifiedSince: later() }),
      200,
    ],
    ['If-Modified-Since an hour ago', () => ({ IfModifiedSince: earlier() }), 200],
    ['If-Modified-Since in an hour', () => ({ IfModifiedSince: later() }), 304],
    ['If-Unmodified-Since an hour ago', () => ({ IfUnmodifiedSince: earlier() }), 412],
    ['If-Unmodified-Since in an hour', () => ({ IfUnmodifiedSince: later() }), 200],
  ])('%s', async (_, condition, status) => {
    for (const Command of [GetObjectCommand, HeadObjectCommand]) {
      const answer = suite.client.send(new Command({ ...at(KEY), ...condition() })).then(
        ({ $metadata }) => $metadata.httpStatusCode,
        (error: { $metadata?: { httpStatusCode?: number } }) => error.$metadata?.httpStatusCode,
      )
      expect(await answer).toBe(status)
    }
  })

  test('PUT with If-None-Match: * writes only if the object does not exist', async () => {
    await put('new', 'first', { IfNoneMatch: '*' })
    await expect(put('new', 'second', { IfNoneMatch: '*' })).rejects.toMatchObject({ name: 'PreconditionFailed' })
    expect(await read('new')).toBe('first')
    await expect(put('new', 'third', { IfNoneMatch: '"x"' })).rejects.toMatchObject({ name: 'NotImplemented' })
  })

  test('PUT with If-Match only replaces an object with this ETag', async () => {
    const { ETag } = await put('versioned', 'one')
    await expect(put('versioned', 'two', { IfMatch: '"x"' })).rejects.toMatchObject({ name: 'PreconditionFailed' })
    await expect(put('missing', 'two', { IfMatch: ETag })).rejects.toMatchObject({ name: 'NoSuchKey' })
    await put('versioned', 'two', { IfMatch: ETag })
    expect(await read('versioned')).toBe('two')
  })

  test('exactly one of many concurrent writers with If-None-Match: * succeeds', async () => {
    const writers = Array.from({ length: 20 }, (_, i) => put('race', `writer ${i}`, { IfNoneMatch: '*' }))
    const outcomes = await Promise.allSettled(writers)
    const winner = outcomes.findIndex(({ status }) => status === 'fulfilled')
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(await read('race')).toBe(`writer ${winner}`)
  })
})

describe('ranges', () => {
  beforeAll(() => put('range', '0123456789'))

  test.each([
    ['bytes=2-4', '234', 'bytes 2-4/10'],
    ['bytes=0-0', '0', 'bytes 0-0/10'],
    ['bytes=7-', '789', 'bytes 7-9/10'],
    ['bytes=-3', '789', 'bytes 7-9/10'],
    ['bytes=-30', '0123456789', 'bytes 0-9/10'],
    ['bytes=8-100', '89', 'bytes 8-9/10'],
    ['bytes=4-2', '0123456789', undefined],
    ['bytes=0-1,3-4', '0123456789', undefined],
    ['lines=1-2', '0123456789', undefined],
  ])('%s', async (Range, body, contentRange) => {
    const got = await suite.client.send(new GetObjectCommand({ ...at('range'), Range }))
    expect(await got.Body?.transformToString()).toBe(body)
    expect(got.ContentRange).toBe(contentRange)
    expect(got.$metadata.httpStatusCode).toBe(contentRange === undefined ? 200 : 206)
  })

  test.each(['bytes=10-', 'bytes=20-30', 'bytes=-0'])('%s is not within the object', async (Range) => {
    await expect(read('range', { Range })).rejects.toMatchObject({ name: 'InvalidRange' })
  })

  test('If-Range of another object gives the whole object', async () => {
    const link = await getSignedUrl(suite.client, new GetObjectCommand(at('range')))
    const { headers } = await send(link)
    for (const name of ['etag', 'last-modified']) {
      const own = await send(link, { headers: { range: 'bytes=2-4', 'if-range': String(headers[name]) } })
      expect(own).toMatchObject({ status: 206, body: '234' })
    }
    for (const other of ['"other"', new Date(0).toUTCString()]) {
      const whole = await send(link, { headers: { range: 'bytes=2-4', 'if-range': other } })
      expect(whole).toMatchObject({ status: 200, body: '0123456789' })
    }
  })

  test('an empty object has no range', async () => {
    await put('empty', '')
    await expect(read('empty', { Range: 'bytes=0-0' })).rejects.toMatchObject({ name: 'InvalidRange' })
    expect(await read('empty')).toBe('')
  })
})

describe('keys', () => {
  test.each([
    ['one that is the folder of another', ['folder', 'folder/file', 'folder/file/deeper', 'folder//', 'folder/']],
    ['upper and lower case', ['case/A', 'case/a']],
    ['1,024 bytes', [`long/${'x'.repeat(1019)}`]],
    ['characters of XML', [`xml/<a> & "b" 'c' &amp; \t`]],
    ['names of the server itself', ['upload.json', 'objects', 'temporary/x', '..a/...']],
    ['signs that URLs encode', ['signs/%2F %00 ?a=b&c#d+e']],
  ])('%s', async (_, keys) => {
    for (const key of keys) await put(key, `of ${key}`)
    for (const key of keys) expect(await read(key)).toBe(`of ${key}`)
    const { Contents } = await suite.client.send(new ListObjectsV2Command({ Bucket: suite.server.bucket }))
    expect(Contents?.map(({ Key }) => Key)).toEqual(expect.arrayContaining(keys))
    const Delete = { Objects: keys.map((Key) => ({ Key })) }
    const { Deleted } = await suite.client.send(new DeleteObjectsCommand({ Bucket: suite.server.bucket, Delete }))
    expect(Deleted?.map(({ Key }) => Key)).toEqual(keys)
    for (const key of keys) await expect(read(key)).rejects.toMatchObject({ name: 'NoSuchKey' })
  })

  test.each([
    ['longer than 1,024 bytes', 'x'.repeat(1025), 'KeyTooLongError'],
    ['with a NUL', 'a\0b', 'InvalidURI'],
    ['that leaves the bucket', 'a/../../b', 'InvalidURI'],
  ])('a key %s is refused', async (_, key, name) => {
    await expect(put(key, 'x')).rejects.toMatchObject({ name })
  })
})

describe('lists', () => {
  const Bucket = 'many'
  const keys = Array.from(
    { length: 1_234 },
    (_, i) => `${i % 3 === 0 ? 'thirds/' : 'others/'}${String(i).padStart(5, '0')}`,
  ).sort()
  beforeAll(async () => {
    await suite.client.send(new CreateBucketCommand({ Bucket }))
    for (let start = 0; start < keys.length; start += 50) {
      await Promise.all(
        keys.slice(start, start + 50).map((Key) => suite.client.send(new PutObjectCommand({ Bucket, Key, Body: Key }))),
      )
    }
  })

  const listAll = async (asked: object) => {
    const pages: { keys: string[]; prefixes: string[] }[] = []
    for (let token: string | undefined, page = 0; page === 0 || token !== undefined; page++) {
      const command = new ListObjectsV2Command({ Bucket, ...asked, ContinuationToken: token })
      const {
        Contents = [],
        CommonPrefixes = [],
        NextContinuationToken,
        IsTruncated,
        KeyCount,
      } = await suite.client.send(command)
      expect(IsTruncated).toBe(NextContinuationToken !== undefined)
      expect(KeyCount).toBe(Contents.length + CommonPrefixes.length)
      pages.push({
        keys: Contents.map(({ Key = '' }) => Key),
        prefixes: CommonPrefixes.map(({ Prefix = '' }) => Prefix),
      })
      token = NextContinuationToken
    }
    return pages
  }

  test('have 1,000 keys per page, each key once, in order', async () => {
    const pages = await listAll({})
    expect(pages.map((page) => page.keys.length)).toEqual([1000, 234])
    expect(pages.flatMap((page) => page.keys)).toEqual(keys)
  })

  test('have a prefix, a start key and small pages', async () => {
    const pages = await listAll({ Prefix: 'thirds/', StartAfter: 'thirds/00500', MaxKeys: 100 })
    expect(pages.flatMap((page) => page.keys)).toEqual(keys.filter((key) => key > 'thirds/00500'))
  })

  test('with a delimiter have each common prefix once, also across pages', async () => {
    expect(await listAll({ Delimiter: '/' })).toEqual([{ keys: [], prefixes: ['others/', 'thirds/'] }])
    const pages = await listAll({ Delimiter: '/', MaxKeys: 1 })
    expect(pages.flatMap((page) => page.prefixes)).toEqual(['others/', 'thirds/'])
    const asked = { Bucket, Delimiter: '5', Prefix: 'thirds/0000', MaxKeys: 3 }
    const { Contents, CommonPrefixes } = await suite.client.send(new ListObjectsV2Command(asked))
    expect(Contents?.map(({ Key }) => Key)).toEqual(['thirds/00000', 'thirds/00003', 'thirds/00006'])
    expect(CommonPrefixes).toBeUndefined()
  })

  test('of version 1 continue after a marker', async () => {
    const first = await suite.client.send(new ListObjectsCommand({ Bucket, MaxKeys: 3 }))
    const second = await suite.client.send(
      new ListObjectsCommand({ Bucket, MaxKeys: 3, Marker: first.Contents?.at(-1)?.Key }),
    )
    const found = [...(first.Contents ?? []), ...(second.Contents ?? [])].map(({ Key }) => Key)
    expect(found).toEqual(keys.slice(0, 6))
  })

  test('are sorted by the bytes of UTF-8, and encode keys on request', async () => {
    const sorted = ['utf8/z', 'utf8/é', 'utf8/\uffee', 'utf8/😀']
    for (const key of [...sorted].reverse()) await put(key, 'x')
    const list = async (more: object) => {
      const asked = { Bucket: suite.server.bucket, Prefix: 'utf8/', ...more }
      return (await suite.client.send(new ListObjectsV2Command(asked))).Contents?.map(({ Key }) => Key)
    }
    expect(await list({})).toEqual(sorted)
    expect(await list({ EncodingType: 'url' })).toEqual(sorted.map((key) => encodeURI(key)))
  })

  test('of buckets', async () => {
    const { Buckets } = await suite.client.send(new ListBucketsCommand({}))
    expect(Buckets?.map(({ Name }) => Name).sort()).toEqual(['exports', 'many'])
    await suite.client.send(new HeadBucketCommand({ Bucket }))
    await expect(suite.client.send(new HeadBucketCommand({ Bucket: 'none' }))).rejects.toMatchObject({
      name: 'NotFound',
    })
    const invalid = new CreateBucketCommand({ Bucket: 'UPPER' })
    await expect(suite.client.send(invalid)).rejects.toMatchObject({ name: 'InvalidBucketName' })
    const missing = new ListObjectsV2Command({ Bucket: 'none' })
    await expect(suite.client.send(missing)).rejects.toMatchObject({ name: 'NoSuchBucket' })
  })
})

test('a stream without a known checksum is sent in aws-chunked encoding, and stored without it', async () => {
  const bytes = randomBytes(3 * MIB + 5)
  const Body = Readable.from(chunksOf(bytes), { objectMode: false })
  await suite.client.send(new PutObjectCommand({ ...at('stream'), Body, ContentLength: bytes.length }))
  const got = await suite.client.send(new GetObjectCommand({ ...at('stream'), ChecksumMode: 'ENABLED' }))
  expect(Buffer.from((await got.Body?.transformToByteArray()) ?? []).equals(bytes)).toBe(true)
  expect(got.ChecksumCRC32).toBeDefined()
  expect(got.ContentEncoding).toBeUndefined()
})

test('an unknown operation is refused, and no other operation runs instead', async () => {
  await put('acl', 'content')
  const acl = new PutObjectAclCommand({ ...at('acl'), ACL: 'private' })
  await expect(suite.client.send(acl)).rejects.toMatchObject({ name: 'NotImplemented' })
  const copy = new CopyObjectCommand({ ...at('copied'), CopySource: 'exports/acl' })
  await expect(suite.client.send(copy)).rejects.toMatchObject({ name: 'NotImplemented' })
  expect(await read('acl')).toBe('content')
})

test('concurrent writers of one key leave the complete object of one of them', async () => {
  const bodies = Array.from({ length: 8 }, () => randomBytes(MIB))
  const sha = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')
  const isWriting = Promise.all(bodies.map((body) => put('contended', body, { Metadata: { sha: sha(body) } })))
  const check = async () => {
    const got = await suite.client.send(new GetObjectCommand(at('contended'))).catch(() => undefined)
    if (got === undefined) return
    const bytes = Buffer.from((await got.Body?.transformToByteArray()) ?? [])
    expect(sha(bytes)).toBe(got.Metadata?.sha)
    expect(bodies.map(sha)).toContain(sha(bytes))
  }
  for (let i = 0; i < 10; i++) await check()
  await isWriting
  await check()
})

describe('on disk', () => {
  test('every file is readable by its owner only, and no temporary file is left', async () => {
    await put('private', 'x')
    const entries = await readdir(suite.directory, { recursive: true })
    for (const entry of ['.', ...entries]) {
      const { mode } = await stat(join(suite.directory, entry))
      expect([entry, (mode & 0o777).toString(8)]).toEqual([entry, expect.stringMatching(/^[67]00$/)])
    }
    expect(await readdir(suite.temporary)).toEqual([])
  })

  test('objects of an earlier version of the server are moved into the store', async () => {
    const directory = join(suite.directory, 'old')
    const old = join(directory, 'buckets', 'exports')
    await mkdir(join(old, 'deep'), { recursive: true })
    const base = join(old, 'deep', 'ünï.csv._S3rver_')
    const headers = { 'content-type': 'text/csv', 'content-disposition': 'attachment', 'x-amz-meta-a': 'b' }
    await writeFile(`${base}object`, 'from earlier')
    await writeFile(`${base}object.md5`, 'abc-2')
    await writeFile(`${base}metadata.json`, JSON.stringify(headers))
    await mkdir(join(old, '._S3rver_uploads', '0'.repeat(32)), { recursive: true })
    const server = await startS3({ directory, port: 0, bucket: 'exports' })
    const client = clientOf(server)
    const got = await client.send(new GetObjectCommand({ Bucket: 'exports', Key: 'deep/ünï.csv' }))
    expect(await got.Body?.transformToString()).toBe('from earlier')
    expect(got).toMatchObject({ ETag: '"abc-2"', ContentType: 'text/csv', Metadata: { a: 'b' } })
    expect((await readdir(directory)).sort()).toEqual(['secret-access-key', 'store'])
    client.destroy()
    await server.stop()
  })

  test('a start removes the temporary files of a killed server', async () => {
    const place = { directory: join(suite.directory, 'killed'), port: 0, bucket: 'exports', durable: false }
    const temporary = join(place.directory, 'store', 'exports', 'temporary')
    await (await startS3(place)).stop()
    await writeFile(join(temporary, 'partial'), 'x')
    await mkdir(join(temporary, 'upload'))
    await (await startS3(place)).stop()
    expect(await readdir(temporary)).toEqual([])
  })

  test('a damaged file gives an error, not other content', async () => {
    await put('damaged', 'content')
    const objects = join(suite.directory, 'store', 'exports', 'objects')
    const path = join(objects, createHash('sha256').update('damaged').digest('hex'))
    await writeFile(path, (await readFile(path)).subarray(1))
    await expect(read('damaged')).rejects.toMatchObject({ name: 'InternalError' })
  })
})

function* chunksOf(bytes: Buffer): Generator<Buffer> {
  for (let start = 0; start < bytes.length; start += 50_000) yield bytes.subarray(start, start + 50_000)
}
