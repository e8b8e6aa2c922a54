// The embedded S3 server has the behavior of S3 that the exports rely on.
import { readdir } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { describe, expect, test, vi } from 'vitest'
import { startS3 } from '../../../apps/standalone/src/s3/embedded-s3.ts'
import { clientOf, MIB, useEmbeddedS3 } from '../../setup/embedded-s3.ts'

const suite = useEmbeddedS3()
/** A key with all kinds of characters that can break its encoding. */
const KEY = `a b/ünï 漢字 😀/x+y&z='q'(1)!*~.csv`

describe.each(['WHEN_REQUIRED', 'WHEN_SUPPORTED'] as const)('checksums %s', (checksums) => {
  test('stores, describes, reads in ranges, lists and deletes an object with its headers', async () => {
    const client = clientOf(suite.server, { requestChecksumCalculation: checksums })
    const object = { Bucket: suite.server.bucket, Key: KEY }
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
    const list = await client.send(new ListObjectsV2Command({ Bucket: suite.server.bucket, Prefix: 'a b/' }))
    expect(list.Contents?.map(({ Key, Size }) => [Key, Size])).toEqual([[KEY, 11]])
    await client.send(new DeleteObjectCommand(object))
    await client.send(new DeleteObjectCommand(object))
    await expect(client.send(new HeadObjectCommand(object))).rejects.toThrow(/NotFound|Unknown/)
  })

  test('stores a stream sent in parts, byte for byte', async () => {
    const client = clientOf(suite.server, { requestChecksumCalculation: checksums })
    const chunk = Buffer.alloc(3 * MIB + 7, 'abcdefghijk')
    const object = { Bucket: suite.server.bucket, Key: 'multi' }
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

test('a signed link sets the file name and type, expires, and opens only its object', async () => {
  const { client } = suite
  const object = { Bucket: suite.server.bucket, Key: KEY }
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

test('refuses requests without a signature, with another secret, and with a key that leaves the bucket', async () => {
  const url = `${suite.server.endpoint}/${suite.server.bucket}/evil`
  for (const method of ['GET', 'PUT', 'DELETE']) expect((await fetch(url, { method })).status).toBe(403)
  const form = new FormData()
  form.set('key', 'evil')
  form.set('file', 'x')
  expect((await fetch(`${suite.server.endpoint}/${suite.server.bucket}`, { method: 'POST', body: form })).status).toBe(
    403,
  )
  const impostor = clientOf({ ...suite.server, secretAccessKey: 'another' })
  await expect(
    impostor.send(new PutObjectCommand({ Bucket: suite.server.bucket, Key: 'evil', Body: 'x' })),
  ).rejects.toThrow()
  const escaping = new PutObjectCommand({ Bucket: suite.server.bucket, Key: '../secret-access-key/../x', Body: 'x' })
  await expect(suite.client.send(escaping)).rejects.toThrow()
})

test('a PUT whose connection breaks leaves no object and no file', async () => {
  const { client } = suite
  const object = { Bucket: suite.server.bucket, Key: 'cut' }
  const url = await getSignedUrl(client, new PutObjectCommand(object))
  const upload = request(url, { method: 'PUT', headers: { 'content-length': 2 * MIB } })
  upload.on('error', () => undefined)
  const half = () => readdir(suite.temporary)
  upload.write(Buffer.alloc(MIB))
  await vi.waitFor(async () => expect(await half()).toHaveLength(1))
  upload.destroy()
  await vi.waitFor(async () => expect(await half()).toEqual([]))
  await expect(client.send(new HeadObjectCommand(object))).rejects.toThrow()
})

test('concurrent deletes, puts and lists do not fail', async () => {
  const { client } = suite
  const keys = Array.from({ length: 40 }, (_, i) => `busy/deep/${i}`)
  const Bucket = suite.server.bucket
  await Promise.all(
    keys.map(async (Key) => {
      await client.send(new PutObjectCommand({ Bucket, Key, Body: Key }))
      await client.send(new ListObjectsV2Command({ Bucket, Prefix: 'busy/' }))
      await client.send(new DeleteObjectCommand({ Bucket, Key }))
    }),
  )
  expect((await client.send(new ListObjectsV2Command({ Bucket, Prefix: 'busy/' }))).KeyCount).toBe(0)
})

test('objects and links survive a restart, another port is used if necessary, and stop() does not wait for idle connections', async () => {
  const place = { directory: join(suite.directory, 'again'), bucket: 'kept' }
  const first = await startS3({ ...place, port: suite.server.port })
  expect(first.port).not.toBe(suite.server.port)
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
