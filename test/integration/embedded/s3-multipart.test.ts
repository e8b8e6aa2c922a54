// Multipart uploads of the embedded S3 server: complete or absent, listed, aborted, and kept over a restart.
import { createHash, randomBytes } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import {
  AbortMultipartUploadCommand,
  type ChecksumAlgorithm,
  type ChecksumType,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { describe, expect, test } from 'vitest'
import { startS3 } from '../../../apps/standalone/src/s3/embedded-s3.ts'
import { clientOf, MIB, useEmbeddedS3 } from '../../setup/embedded-s3.ts'

const suite = useEmbeddedS3()
const md5 = (data: Buffer | string) => createHash('md5').update(data).digest()

async function upload(key: string, bodies: readonly (Buffer | string)[], more: object = {}) {
  const object = { Bucket: suite.server.bucket, Key: key }
  const { UploadId } = await suite.client.send(new CreateMultipartUploadCommand({ ...object, ...more }))
  const Parts: CompletedPart[] = []
  for (const [index, Body] of bodies.entries()) {
    const PartNumber = index + 1
    const sent = await suite.client.send(new UploadPartCommand({ ...object, UploadId, PartNumber, Body, ...more }))
    const { ETag, ChecksumCRC32, ChecksumSHA256, ChecksumCRC32C, ChecksumCRC64NVME, ChecksumSHA1 } = sent
    Parts.push({ PartNumber, ETag, ChecksumCRC32, ChecksumSHA256, ChecksumCRC32C, ChecksumCRC64NVME, ChecksumSHA1 })
  }
  return { ...object, UploadId, MultipartUpload: { Parts } }
}

const read = async (Key: string) => {
  const got = await suite.client.send(new GetObjectCommand({ Bucket: suite.server.bucket, Key }))
  return Buffer.from((await got.Body?.transformToByteArray()) ?? [])
}

test.each([
  ['of one size', [5 * MIB, 5 * MIB, 7]],
  ['whose last is the largest', [10, 10, 1000]],
  ['whose first is the smallest', [3, 10, 10, 2]],
  ['of which one is empty', [10, 0, 10]],
  ['of which there is one', [5]],
])('parts %s make the object, and its ETag is the one of S3', async (_, sizes) => {
  const bodies = sizes.map((size) => randomBytes(size))
  const { ETag } = await suite.client.send(new CompleteMultipartUploadCommand(await upload('sizes', bodies)))
  expect((await read('sizes')).equals(Buffer.concat(bodies))).toBe(true)
  expect(ETag).toBe(`"${md5(Buffer.concat(bodies.map(md5))).toString('hex')}-${bodies.length}"`)
})

describe('checksums of the whole object', () => {
  const cases: [ChecksumAlgorithm, ChecksumType][] = [
    ['CRC32', 'FULL_OBJECT'],
    ['CRC32C', 'FULL_OBJECT'],
    ['CRC32', 'COMPOSITE'],
    ['SHA256', 'COMPOSITE'],
    ['SHA1', 'COMPOSITE'],
  ]
  test.each(cases)('%s, %s: equals that of an object sent in one request', async (algorithm, ChecksumType) => {
    const bodies = [randomBytes(100), randomBytes(100), randomBytes(33)]
    const created = await upload('sums', bodies, { ChecksumAlgorithm: algorithm, ChecksumType })
    await suite.client.send(new CompleteMultipartUploadCommand({ ...created, ChecksumType }))
    const where = { Bucket: suite.server.bucket, ChecksumMode: 'ENABLED' as const }
    const head = await suite.client.send(new HeadObjectCommand({ ...where, Key: 'sums' }))
    expect(head.ChecksumType).toBe(ChecksumType)
    const whole = ChecksumType === 'FULL_OBJECT'
    const values = created.MultipartUpload.Parts.map((part) =>
      Buffer.from(part[`Checksum${algorithm}` as 'ChecksumCRC32'] ?? '', 'base64'),
    )
    const Body = whole ? Buffer.concat(bodies) : Buffer.concat(values)
    await suite.client.send(new PutObjectCommand({ ...where, Key: 'at-once', Body, ChecksumAlgorithm: algorithm }))
    const once = await suite.client.send(new HeadObjectCommand({ ...where, Key: 'at-once' }))
    const name = `Checksum${algorithm}` as 'ChecksumCRC32'
    expect(head[name]).toBe(whole ? once[name] : `${once[name]}-3`)
    // The SDK verifies the checksum when it reads the body.
    const got = await suite.client.send(new GetObjectCommand({ ...where, Key: 'sums' }))
    expect((await got.Body?.transformToByteArray())?.length).toBe(233)
  })

  test('a wrong checksum in the completion is rejected', async () => {
    const more = { ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' } as const
    const created = { ...(await upload('sums-wrong', ['a', 'b'], more)), ChecksumType: 'FULL_OBJECT' as const }
    const wrong = new CompleteMultipartUploadCommand({ ...created, ChecksumCRC32: 'AAAAAA==' })
    await expect(suite.client.send(wrong)).rejects.toMatchObject({ name: 'BadDigest' })
    await suite.client.send(new CompleteMultipartUploadCommand(created))
  })
})

test('parts that are out of order, of different sizes or sent twice make a correct object', async () => {
  const { client } = suite
  const object = { Bucket: suite.server.bucket, Key: 'odd' }
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

test('an upload with a missing part is not completed, and the server keeps working', async () => {
  const { client } = suite
  const object = { Bucket: suite.server.bucket, Key: 'gap' }
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(object))
  const { ETag } = await client.send(new UploadPartCommand({ ...object, UploadId, PartNumber: 1, Body: 'x' }))
  const Parts = [
    { PartNumber: 1, ETag },
    { PartNumber: 2, ETag },
  ]
  const complete = new CompleteMultipartUploadCommand({ ...object, UploadId, MultipartUpload: { Parts } })
  await expect(client.send(complete)).rejects.toThrow(/Part 2 was not uploaded/)
  await expect(client.send(new HeadObjectCommand(object))).rejects.toThrow()
  await client.send(new AbortMultipartUploadCommand({ ...object, UploadId }))
})

test('an open upload is listed by its prefix, and an aborted one leaves nothing', async () => {
  const { client } = suite
  const object = { Bucket: suite.server.bucket, Key: 'stale/<open & "quoted">' }
  const list = async (Prefix?: string) =>
    (await client.send(new ListMultipartUploadsCommand({ Bucket: suite.server.bucket, Prefix }))).Uploads ?? []
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

test('a part that is sent again and fails leaves the earlier one unchanged', async () => {
  const object = { Bucket: suite.server.bucket, Key: 'resent' }
  const created = await upload('resent', ['good', 'last'])
  const again = new UploadPartCommand({
    ...object,
    UploadId: created.UploadId,
    PartNumber: 1,
    Body: 'evil',
    ContentMD5: md5('x').toString('base64'),
  })
  await expect(suite.client.send(again)).rejects.toMatchObject({ name: 'BadDigest' })
  await suite.client.send(new CompleteMultipartUploadCommand(created))
  expect((await read('resent')).toString()).toBe('goodlast')
})

test('a completion with parts in the wrong order, a wrong ETag or no part is refused, and the upload stays open', async () => {
  const created = await upload('strict', ['a', 'b'])
  const complete = (Parts: CompletedPart[]) =>
    suite.client.send(new CompleteMultipartUploadCommand({ ...created, MultipartUpload: { Parts } }))
  const { Parts } = created.MultipartUpload
  await expect(complete([...Parts].reverse())).rejects.toMatchObject({ name: 'InvalidPartOrder' })
  await expect(complete(Parts.map((part) => ({ ...part, ETag: '"0"' })))).rejects.toMatchObject({ name: 'InvalidPart' })
  await expect(complete([])).rejects.toMatchObject({ name: 'MalformedXML' })
  const number = new UploadPartCommand({ ...created, PartNumber: 10_001, Body: 'x' })
  await expect(suite.client.send(number)).rejects.toThrow(
    'Part number must be an integer between 1 and 10000, inclusive',
  )
  await complete(Parts)
  await expect(complete(Parts)).rejects.toMatchObject({ name: 'NoSuchUpload' })
})

test('an upload belongs to its key', async () => {
  const created = await upload('mine', ['a'])
  const other = new CompleteMultipartUploadCommand({ ...created, Key: 'yours' })
  await expect(suite.client.send(other)).rejects.toMatchObject({ name: 'NoSuchUpload' })
  const outside = new AbortMultipartUploadCommand({ ...created, UploadId: '../objects' })
  await expect(suite.client.send(outside)).rejects.toMatchObject({ name: 'NoSuchUpload' })
  await suite.client.send(new AbortMultipartUploadCommand(created))
})

test('If-None-Match: * refuses a completion that would replace an object, and the upload stays open', async () => {
  const created = await upload('only-once', ['second'])
  await suite.client.send(new PutObjectCommand({ Bucket: created.Bucket, Key: created.Key, Body: 'first' }))
  const complete = suite.client.send(new CompleteMultipartUploadCommand({ ...created, IfNoneMatch: '*' }))
  await expect(complete).rejects.toMatchObject({ name: 'PreconditionFailed' })
  expect((await read('only-once')).toString()).toBe('first')
  await suite.client.send(new CompleteMultipartUploadCommand(created))
  expect((await read('only-once')).toString()).toBe('second')
})

test('a failed completion loses no part, also none that it did not list', async () => {
  const bodies = ['one', 'two', 'six']
  const created = await upload('left-out', bodies)
  const { Parts } = created.MultipartUpload
  await suite.client.send(new PutObjectCommand({ Bucket: created.Bucket, Key: created.Key, Body: 'first' }))
  const two = new CompleteMultipartUploadCommand({
    ...created,
    IfNoneMatch: '*',
    MultipartUpload: { Parts: Parts.slice(0, 2) },
  })
  await expect(suite.client.send(two)).rejects.toMatchObject({ name: 'PreconditionFailed' })
  await suite.client.send(new CompleteMultipartUploadCommand(created))
  expect((await read('left-out')).toString()).toBe(bodies.join(''))
})

test('uploads and parts are listed page by page', async () => {
  const created = [
    await upload('page/b', ['1', '22', '333']),
    await upload('page/a', ['1']),
    await upload('page/b', ['1']),
  ]
  const keys: (string | undefined)[] = []
  let markers: object = {}
  for (let isTruncated = true; isTruncated; ) {
    const command = new ListMultipartUploadsCommand({
      Bucket: suite.server.bucket,
      Prefix: 'page/',
      MaxUploads: 1,
      ...markers,
    })
    const page = await suite.client.send(command)
    keys.push(...(page.Uploads ?? []).map(({ UploadId }) => UploadId))
    // The reconciler aborts the uploads of a page before it requests the next page.
    for (const { Key, UploadId } of page.Uploads ?? []) {
      if (keys.length < 3) continue
      await suite.client.send(new AbortMultipartUploadCommand({ Bucket: suite.server.bucket, Key, UploadId }))
    }
    markers = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker }
    isTruncated = page.IsTruncated ?? false
  }
  expect(keys).toEqual([created[1]?.UploadId, created[0]?.UploadId, created[2]?.UploadId])

  const { Bucket, Key, UploadId } = created[0] ?? {}
  const first = await suite.client.send(new ListPartsCommand({ Bucket, Key, UploadId, MaxParts: 2 }))
  expect(first.Parts?.map(({ PartNumber, Size }) => [PartNumber, Size])).toEqual([
    [1, 1],
    [2, 2],
  ])
  expect(first.IsTruncated).toBe(true)
  const PartNumberMarker = first.NextPartNumberMarker
  const second = await suite.client.send(new ListPartsCommand({ Bucket, Key, UploadId, PartNumberMarker }))
  expect(second.Parts?.map(({ PartNumber }) => PartNumber)).toEqual([3])
  expect(second.IsTruncated).toBe(false)
})

test('an upload continues after a restart of the server', async () => {
  const place = { directory: join(suite.directory, 'restarted'), bucket: 'exports', port: 0, durable: false }
  const first = await startS3(place)
  const object = { Bucket: 'exports', Key: 'over-a-restart' }
  const bodies = [randomBytes(5 * MIB), randomBytes(5 * MIB), randomBytes(99)]
  const Parts: CompletedPart[] = []
  const put = async (client: ReturnType<typeof clientOf>, UploadId: string | undefined, PartNumber: number) => {
    const Body = bodies[PartNumber - 1] ?? ''
    const { ETag } = await client.send(new UploadPartCommand({ ...object, UploadId, PartNumber, Body }))
    Parts.push({ PartNumber, ETag })
  }
  const before = clientOf(first)
  const { UploadId } = await before.send(new CreateMultipartUploadCommand(object))
  await put(before, UploadId, 1)
  before.destroy()
  await first.stop()

  const second = await startS3(place)
  const after = clientOf(second)
  await put(after, UploadId, 2)
  await put(after, UploadId, 3)
  await after.send(new CompleteMultipartUploadCommand({ ...object, UploadId, MultipartUpload: { Parts } }))
  const got = await after.send(new GetObjectCommand(object))
  expect(Buffer.from((await got.Body?.transformToByteArray()) ?? []).equals(Buffer.concat(bodies))).toBe(true)
  expect(await readdir(join(place.directory, 'store', 'exports', 'uploads'))).toEqual([])
  after.destroy()
  await second.stop()
})
