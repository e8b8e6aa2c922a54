// The operations on multipart uploads.
import { createHash } from 'node:crypto'
import { receiveXml } from '../body.ts'
import { answerXml, type Call } from '../call.ts'
import { ALGORITHMS, type Checksum, combine } from '../checksum.ts'
import {
  abortUpload,
  completeUpload,
  createUpload,
  listParts,
  type Part,
  readUpload,
  receivePart,
} from '../disk/uploads.ts'
import { S3Error } from '../errors.ts'
import { element, innerText, innerXml, text } from '../xml.ts'
import { writeCondition } from './conditions.ts'
import { readCount } from './list.ts'
import { checksumHeaders, keptHeaders } from './objects.ts'

const MAX_PARTS = 10_000

export async function createMultipartUpload(call: Call): Promise<void> {
  const { bucket, bucketName, key } = call
  const headers = keptHeaders(call)
  const { id } = await createUpload(bucket, { key, headers, checksum: announcedChecksum(call) })
  const xml = [text('Bucket', bucketName), text('Key', key), text('UploadId', id)]
  answerXml(call, element('InitiateMultipartUploadResult', ...xml))
}

function announcedChecksum(call: Call): { algorithm: Checksum['algorithm']; type: Checksum['type'] } | undefined {
  const name = call.header('x-amz-checksum-algorithm')
  if (name === undefined) return undefined
  const algorithm = ALGORITHMS.find((known) => known === name.toUpperCase())
  const type = call.header('x-amz-checksum-type') ?? (algorithm === 'CRC64NVME' ? 'FULL_OBJECT' : 'COMPOSITE')
  if (algorithm === undefined || (type !== 'FULL_OBJECT' && type !== 'COMPOSITE')) throw new S3Error('InvalidRequest')
  const isPossible = type === 'FULL_OBJECT' ? algorithm.startsWith('CRC') : algorithm !== 'CRC64NVME'
  if (!isPossible) throw new S3Error('InvalidRequest', `There is no ${type} checksum with ${algorithm}.`)
  return { algorithm, type }
}

export async function uploadPart(call: Call): Promise<void> {
  const number = Number(call.query.get('partNumber'))
  if (!Number.isInteger(number) || number < 1 || number > MAX_PARTS) {
    throw new S3Error('InvalidArgument', `Part number must be an integer between 1 and ${MAX_PARTS}, inclusive`)
  }
  const { md5, checksum } = await receivePart(call, await uploadOf(call), number)
  call.response.writeHead(200, {
    etag: `"${md5}"`,
    ...checksumHeaders(checksum && { ...checksum, type: 'FULL_OBJECT' }),
  })
  call.response.end()
}

export async function completeMultipartUpload(call: Call): Promise<void> {
  const { bucket, bucketName, key } = call
  const condition = writeCondition(call)
  const xml = await receiveXml(call)
  const upload = await uploadOf(call)
  const parts = chooseParts(xml, await listParts(bucket, upload))
  const md5 = createHash('md5')
  for (const part of parts) md5.update(part.md5, 'hex')
  const etag = `${md5.digest('hex')}-${parts.length}`
  const checksum = wholeChecksum(call, upload.checksum, parts)
  const size = parts.reduce((sum, part) => sum + part.size, 0)
  const info = { key, size, etag, modified: Date.now(), headers: upload.headers, checksum }
  await completeUpload(bucket, upload, parts, info, condition)
  const fields = [text('Bucket', bucketName), text('Key', key), text('ETag', `"${etag}"`)]
  if (checksum !== undefined) {
    fields.push(text(`Checksum${checksum.algorithm}`, checksum.value), text('ChecksumType', checksum.type))
  }
  answerXml(call, element('CompleteMultipartUploadResult', ...fields))
}

/** @throws S3Error MalformedXML, InvalidPart, InvalidPartOrder */
function chooseParts(xml: string, uploaded: readonly Part[]): Part[] {
  const byNumber = new Map(uploaded.map((part) => [part.number, part]))
  let previous = 0
  const parts = innerXml(xml, 'Part').map((claimed) => {
    const number = Number(innerText(claimed, 'PartNumber'))
    const etag = innerText(claimed, 'ETag')?.replaceAll('"', '')
    if (number <= previous) throw new S3Error('InvalidPartOrder')
    previous = number
    const part = byNumber.get(number)
    if (part === undefined || part.md5 !== etag) {
      throw new S3Error('InvalidPart', `Part ${number} was not uploaded, or has another ETag.`)
    }
    const { checksum } = part
    const sent = checksum && innerText(claimed, `Checksum${checksum.algorithm}`)
    if (sent !== undefined && sent !== checksum?.value) {
      throw new S3Error('InvalidPart', `Part ${number} has another checksum.`)
    }
    return part
  })
  if (parts.length === 0) throw new S3Error('MalformedXML')
  return parts
}

/** @throws S3Error BadDigest if the client sent another checksum for the whole object */
function wholeChecksum(
  call: Call,
  announced: { algorithm: Checksum['algorithm']; type: Checksum['type'] } | undefined,
  parts: readonly Part[],
): Checksum | undefined {
  if (announced === undefined) return undefined
  const { algorithm, type } = announced
  const values = parts.flatMap(({ size, checksum }) =>
    checksum?.algorithm === algorithm ? [{ size, value: checksum.value }] : [],
  )
  if (values.length < parts.length) return undefined
  const whole = combine(algorithm, type, values)
  const sent = call.header(`x-amz-checksum-${algorithm.toLowerCase()}`)
  if (sent !== undefined && whole !== undefined && sent.replace(/-\d+$/, '') !== whole.value.replace(/-\d+$/, '')) {
    throw new S3Error('BadDigest')
  }
  return whole
}

export async function abortMultipartUpload(call: Call): Promise<void> {
  await abortUpload(call.bucket, await uploadOf(call))
  call.response.writeHead(204).end()
}

export async function listUploadedParts(call: Call): Promise<void> {
  const { bucket, bucketName, key, query } = call
  const upload = await uploadOf(call)
  const max = readCount(query.get('max-parts'))
  const after = Number(query.get('part-number-marker') ?? 0)
  const parts = (await listParts(bucket, upload)).filter(({ number }) => number > after)
  const page = parts.slice(0, max)
  const isTruncated = page.length < parts.length
  const items = page.map(({ number, size, md5, modified, checksum }) =>
    element(
      'Part',
      ...[text('PartNumber', number), text('ETag', `"${md5}"`), text('Size', size)],
      text('LastModified', new Date(modified).toISOString()),
      checksum === undefined ? '' : text(`Checksum${checksum.algorithm}`, checksum.value),
    ),
  )
  answerXml(
    call,
    element(
      'ListPartsResult',
      ...[text('Bucket', bucketName), text('Key', key), text('UploadId', upload.id), text('MaxParts', max)],
      ...[text('PartNumberMarker', after), text('IsTruncated', isTruncated)],
      text('NextPartNumberMarker', isTruncated ? page.at(-1)?.number : undefined),
      ...items,
    ),
  )
}

function uploadOf({ bucket, query, key }: Call) {
  return readUpload(bucket, query.get('uploadId') ?? '', key)
}
