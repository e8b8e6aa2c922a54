// The embedded S3 server: that it does over HTTP what the exports rely on, as S3 does.
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type EmbeddedS3, startS3 } from '../../../apps/standalone/src/s3/embedded-s3.ts'

let directory: string
let server: EmbeddedS3
const MIB = 1024 * 1024
/** Every kind of character that a key or its encoding may stumble over. */
const KEY = `a b/ünï 漢字 😀/x+y&z='q'(1)!*~.csv`

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'waybill-embedded-'))
  server = await startS3({ directory, port: 0, bucket: 'exports' })
})

afterAll(async () => {
  await server.stop()
  await rm(directory, { recursive: true, force: true })
})

function clientOf(target: EmbeddedS3, checksums: 'WHEN_REQUIRED' | 'WHEN_SUPPORTED' = 'WHEN_REQUIRED'): S3Client {
  const { endpoint, region, accessKeyId, secretAccessKey } = target
  return new S3Client({
    endpoint,
    region,
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
    requestChecksumCalculation: checksums,
    maxAttempts: 1,
  })
}

describe.each(['WHEN_REQUIRED', 'WHEN_SUPPORTED'] as const)('checksums %s', (checksums) => {
  test('an object comes back byte for byte, with its headers, in ranges, in the list, and goes', async () => {
    const client = clientOf(server, checksums)
    const object = { Bucket: server.bucket, Key: KEY }
    const headers = {
      ContentType: 'text/csv; charset=utf-8',
      ContentDisposition: 'attachment; filename="x.csv"',
      Metadata: { 'export-id': 'abc' },
    }
    await client.send(new PutObjectCommand({ ...object, ...headers, Body: Buffer.from('hello world') }))
    expect(await client.send(new HeadObjectCommand(object))).toMatchObject({ ...headers, ContentLength: 11 })
    const range = await client.send(new GetObjectCommand({ ...object, Range: 'bytes=6-8' }))
    expect(await range.Body?.transformToString()).toBe('wor')
    expect(range.ContentRange).toBe('bytes 6-8/11')
    const list = await client.send(new ListObjectsV2Command({ Bucket: server.bucket, Prefix: 'a b/' }))
    expect(list.Contents?.map(({ Key, Size }) => [Key, Size])).toEqual([[KEY, 11]])
    await client.send(new DeleteObjectCommand(object))
    await client.send(new DeleteObjectCommand(object))
    await expect(client.send(new HeadObjectCommand(object))).rejects.toThrow(/NotFound|Unknown/)
  })

  test('a multipart upload of a stream is whole', async () => {
    const client = clientOf(server, checksums)
    const chunk = Buffer.alloc(3 * MIB + 7, 'abcdefghijk')
    const object = { Bucket: server.bucket, Key: 'multi' }
    const upload = new Upload({
      client,
      params: { ...object, Body: Readable.from(Array(7).fill(chunk)), ContentType: 'text/csv' },
      partSize: 5 * MIB,
      queueSize: 3,
    })
    await upload.done()
    const got = await client.send(new GetObjectCommand(object))
    expect(got.ContentType).toBe('text/csv')
    const bytes = Buffer.from((await got.Body?.transformToByteArray()) ?? [])
    expect(bytes.equals(Buffer.concat(Array(7).fill(chunk)))).toBe(true)
  })
})

test('parts that come out of order, in odd sizes or twice make the right object', async () => {
  const client = clientOf(server)
  const object = { Bucket: server.bucket, Key: 'odd' }
  for (const order of [
    [3, 1, 2],
    [1, 2, 2, 3],
    [2, 3, 1],
  ]) {
    const { UploadId } = await client.send(new CreateMultipartUploadCommand(object))
    const sizes = [0, 10, 4, 7]
    const etags = new Map<number, string | undefined>()
    for (const PartNumber of order) {
      const Body = String(PartNumber).repeat(sizes[PartNumber] ?? 0)
      const { ETag } = await client.send(new UploadPartCommand({ ...object, UploadId, PartNumber, Body }))
      etags.set(PartNumber, ETag)
    }
    const Parts = [1, 2, 3].map((PartNumber) => ({ PartNumber, ETag: etags.get(PartNumber) }))
    await client.send(new CompleteMultipartUploadCommand({ ...object, UploadId, MultipartUpload: { Parts } }))
    const got = await client.send(new GetObjectCommand(object))
    expect(await got.Body?.transformToString()).toBe('1111111111' + '2222' + '3333333')
  }
})

test('an upload is not completed without all its parts, and the server survives the attempt', async () => {
  const client = clientOf(server)
  const object = { Bucket: server.bucket, Key: 'gap' }
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(object))
  const { ETag } = await client.send(new UploadPartCommand({ ...object, UploadId, PartNumber: 1, Body: 'x' }))
  const Parts = [
    { PartNumber: 1, ETag },
    { PartNumber: 2, ETag },
  ]
  const complete = new CompleteMultipartUploadCommand({ ...object, UploadId, MultipartUpload: { Parts } })
  await expect(client.send(complete)).rejects.toThrow(/Part 2 is not there/)
  await expect(client.send(new HeadObjectCommand(object))).rejects.toThrow()
  await client.send(new AbortMultipartUploadCommand({ ...object, UploadId }))
})

test('an open upload is listed by its prefix, and aborting it leaves nothing', async () => {
  const client = clientOf(server)
  const object = { Bucket: server.bucket, Key: 'stale/<open & "quoted">' }
  const list = async (Prefix?: string) =>
    (await client.send(new ListMultipartUploadsCommand({ Bucket: server.bucket, Prefix }))).Uploads ?? []
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(object))
  const part = () => client.send(new UploadPartCommand({ ...object, UploadId, PartNumber: 1, Body: 'zz' }))
  await part()
  expect((await list('stale/')).map(({ Key, UploadId: id }) => [Key, id])).toEqual([[object.Key, UploadId]])
  expect((await list('stale/'))[0]?.Initiated?.getTime()).toBeGreaterThan(Date.now() - 60_000)
  expect(await list('other/')).toEqual([])
  await client.send(new AbortMultipartUploadCommand({ ...object, UploadId }))
  expect(await list()).toEqual([])
  await expect(part()).rejects.toThrow(/does not exist/)
  expect(await list()).toEqual([])
})

test('a signed link downloads under the name and type it says, for as long as it says, and for nothing else', async () => {
  const client = clientOf(server)
  const object = { Bucket: server.bucket, Key: KEY }
  await client.send(new PutObjectCommand({ ...object, Body: 'hello' }))
  const disposition = `attachment; filename="users.csv"; filename*=UTF-8''%C3%BC.csv`
  const command = new GetObjectCommand({
    ...object,
    ResponseContentDisposition: disposition,
    ResponseContentType: 'text/csv; charset=utf-8',
  })
  const url = await getSignedUrl(client, command, { expiresIn: 60 })
  const response = await fetch(url)
  expect(await response.text()).toBe('hello')
  expect(response.headers.get('content-disposition')).toBe(disposition)
  expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8')
  expect((await fetch(url.replace('users.csv', 'other.csv'))).status).toBe(403)
  expect((await fetch(url.replace('%20b/', '%20c/'))).status).toBe(403)
  expect((await fetch(url, { method: 'DELETE' })).status).toBe(403)

  const earlier = new Date(Date.now() - 10_000)
  const expired = await getSignedUrl(client, command, { expiresIn: 5, signingDate: earlier })
  expect((await fetch(expired)).status).toBe(403)
})

test('requests without a signature, with another secret or out of the bucket are refused', async () => {
  const url = `${server.endpoint}/${server.bucket}/evil`
  for (const method of ['GET', 'PUT', 'DELETE']) expect((await fetch(url, { method })).status).toBe(403)
  const form = new FormData()
  form.set('key', 'evil')
  form.set('file', 'x')
  expect((await fetch(`${server.endpoint}/${server.bucket}`, { method: 'POST', body: form })).status).toBe(403)
  const stranger = clientOf({ ...server, secretAccessKey: 'another' })
  await expect(stranger.send(new PutObjectCommand({ Bucket: server.bucket, Key: 'evil', Body: 'x' }))).rejects.toThrow()
  const wayOut = new PutObjectCommand({ Bucket: server.bucket, Key: '../secret-access-key/../x', Body: 'x' })
  await expect(clientOf(server).send(wayOut)).rejects.toThrow()
})

test('an upload cut off half way leaves neither an object nor a waiting request', async () => {
  const client = clientOf(server)
  const object = { Bucket: server.bucket, Key: 'cut' }
  const url = await getSignedUrl(client, new PutObjectCommand(object))
  const upload = request(url, { method: 'PUT', headers: { 'content-length': 2 * MIB } })
  upload.on('error', () => undefined)
  const half = () => readdir(join(directory, 'buckets', server.bucket, '._S3rver_uploads'))
  upload.write(Buffer.alloc(MIB))
  await vi.waitFor(async () => expect(await half()).toHaveLength(1))
  upload.destroy()
  await vi.waitFor(async () => expect(await half()).toEqual([]))
  await expect(client.send(new HeadObjectCommand(object))).rejects.toThrow()
})

test('deletes, puts and lists in one directory at the same time do not fail each other', async () => {
  const client = clientOf(server)
  const keys = Array.from({ length: 40 }, (_, i) => `busy/deep/${i}`)
  const Bucket = server.bucket
  await Promise.all(
    keys.map(async (Key) => {
      await client.send(new PutObjectCommand({ Bucket, Key, Body: Key }))
      await client.send(new ListObjectsV2Command({ Bucket, Prefix: 'busy/' }))
      await client.send(new DeleteObjectCommand({ Bucket, Key }))
    }),
  )
  expect((await client.send(new ListObjectsV2Command({ Bucket, Prefix: 'busy/' }))).KeyCount).toBe(0)
})

test('objects and links survive a restart; the port may change, stop() waits for no idle connection', async () => {
  const place = { directory: join(directory, 'again'), bucket: 'kept' }
  const first = await startS3({ ...place, port: server.port })
  expect(first.port).not.toBe(server.port)
  const client = clientOf(first)
  await client.send(new PutObjectCommand({ Bucket: 'kept', Key: 'k', Body: 'still here' }))
  const url = await getSignedUrl(client, new GetObjectCommand({ Bucket: 'kept', Key: 'k' }))
  const before = performance.now()
  await first.stop()
  expect(performance.now() - before).toBeLessThan(4_000)

  const second = await startS3({ ...place, port: first.port })
  try {
    expect(await (await fetch(url)).text()).toBe('still here')
  } finally {
    await second.stop()
  }
})
