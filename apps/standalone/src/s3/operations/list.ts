// The operations that list objects (both versions), open multipart uploads and buckets.

import { answerXml, type Call } from '../call.ts'
import type { ListedObject } from '../disk/bucket.ts'
import { listUploads } from '../disk/uploads.ts'
import { S3Error } from '../errors.ts'
import { encode } from '../target.ts'
import { element, text } from '../xml.ts'

const MAX_ITEMS = 1000

interface Page {
  readonly objects: readonly ListedObject[]
  readonly prefixes: readonly string[]
  /** The last key or common prefix of this page. Undefined: this is the last page. */
  readonly next: string | undefined
}

export async function listObjectsV2(call: Call): Promise<void> {
  const { query } = call
  const token = query.get('continuation-token')
  const startAfter = query.get('start-after')
  const after = token === undefined ? startAfter : Buffer.from(token, 'base64url').toString()
  const max = readCount(query.get('max-keys'))
  const page = paginate(await call.bucket.list(), call, after ?? '', max)
  const name = nameWriter(query)
  answerList(call, page, max, [
    text('KeyCount', page.objects.length + page.prefixes.length),
    text('ContinuationToken', token),
    text('StartAfter', startAfter === undefined ? undefined : name(startAfter)),
    text('NextContinuationToken', page.next === undefined ? undefined : Buffer.from(page.next).toString('base64url')),
  ])
}

export async function listObjectsV1(call: Call): Promise<void> {
  const { query } = call
  const marker = query.get('marker') ?? ''
  const max = readCount(query.get('max-keys'))
  const page = paginate(await call.bucket.list(), call, marker, max)
  const name = nameWriter(query)
  answerList(call, page, max, [
    text('Marker', name(marker)),
    text('NextMarker', page.next === undefined ? undefined : name(page.next)),
  ])
}

function paginate(all: readonly ListedObject[], { query }: Call, after: string, max: number): Page {
  const prefix = query.get('prefix') ?? ''
  const delimiter = query.get('delimiter') ?? ''
  // S3 sorts by the bytes of UTF-8, JavaScript by UTF-16: the two differ beyond U+D7FF.
  const matching = all.flatMap((info) => (info.key.startsWith(prefix) ? [{ info, order: orderOf(info.key) }] : []))
  matching.sort((a, b) => (a.order < b.order ? -1 : 1))
  const objects: ListedObject[] = []
  const prefixes: string[] = []
  const start = orderOf(after)
  let last = after
  for (const { info, order } of matching) {
    if (order <= start) continue
    const end = delimiter === '' ? -1 : info.key.indexOf(delimiter, prefix.length)
    const group = end < 0 ? undefined : info.key.slice(0, end + delimiter.length)
    // This common prefix is listed already, on this page or on the page before.
    if (group !== undefined && group === last) continue
    if (objects.length + prefixes.length === max) return { objects, prefixes, next: max === 0 ? undefined : last }
    if (group === undefined) objects.push(info)
    else prefixes.push(group)
    last = group ?? info.key
  }
  return { objects, prefixes, next: undefined }
}

function orderOf(key: string): string {
  return Buffer.from(key).toString('latin1')
}

function answerList(call: Call, page: Page, max: number, fields: readonly string[]): void {
  const { bucketName, query } = call
  const name = nameWriter(query)
  const delimiter = query.get('delimiter')
  const contents = page.objects.map(({ key, size, etag, modified }) =>
    element(
      'Contents',
      ...[text('Key', name(key)), text('LastModified', new Date(modified).toISOString())],
      ...[text('ETag', `"${etag}"`), text('Size', size), text('StorageClass', 'STANDARD')],
    ),
  )
  const prefixes = page.prefixes.map((prefix) => element('CommonPrefixes', text('Prefix', name(prefix))))
  answerXml(
    call,
    element(
      'ListBucketResult',
      ...[text('Name', bucketName), text('Prefix', name(query.get('prefix') ?? '')), text('MaxKeys', max)],
      text('Delimiter', delimiter === undefined ? undefined : name(delimiter)),
      ...[text('EncodingType', query.get('encoding-type')), text('IsTruncated', page.next !== undefined)],
      ...[...fields, ...contents, ...prefixes],
    ),
  )
}

export async function listMultipartUploads(call: Call): Promise<void> {
  const { bucket, bucketName, query } = call
  if (query.has('delimiter')) throw new S3Error('NotImplemented', 'Uploads are not listed by a delimiter.')
  const name = nameWriter(query)
  const prefix = query.get('prefix') ?? ''
  const max = readCount(query.get('max-uploads'))
  const keyMarker = query.get('key-marker') ?? ''
  const idMarker = query.get('upload-id-marker') ?? ''
  const marker = orderOf(keyMarker)
  const uploads = (await listUploads(bucket, prefix))
    .map((upload) => ({ ...upload, order: orderOf(upload.key) }))
    .filter(({ order, id }) => order > marker || (idMarker !== '' && order === marker && id > idMarker))
    .sort((a, b) => (a.order < b.order || (a.order === b.order && a.id < b.id) ? -1 : 1))
  const page = uploads.slice(0, max)
  const last = page.length < uploads.length ? page.at(-1) : undefined
  const items = page.map(({ key, id, initiated, checksum }) =>
    element(
      'Upload',
      ...[text('Key', name(key)), text('UploadId', id), text('Initiated', new Date(initiated).toISOString())],
      ...[text('StorageClass', 'STANDARD'), text('ChecksumAlgorithm', checksum?.algorithm)],
    ),
  )
  answerXml(
    call,
    element(
      'ListMultipartUploadsResult',
      ...[text('Bucket', bucketName), text('Prefix', name(prefix)), text('MaxUploads', max)],
      ...[text('KeyMarker', name(keyMarker)), text('UploadIdMarker', idMarker)],
      ...[text('EncodingType', query.get('encoding-type')), text('IsTruncated', last !== undefined)],
      ...[text('NextKeyMarker', last && name(last.key)), text('NextUploadIdMarker', last?.id)],
      ...items,
    ),
  )
}

export async function listBuckets(call: Call): Promise<void> {
  const buckets = (await call.store.list()).map(({ name, created }) =>
    element('Bucket', text('Name', name), text('CreationDate', created.toISOString())),
  )
  answerXml(call, element('ListAllMyBucketsResult', element('Buckets', ...buckets)))
}

/** The number of items for a page, at most 1,000. @throws S3Error InvalidArgument */
export function readCount(value: string | undefined): number {
  if (value === undefined) return MAX_ITEMS
  if (!/^\d+$/.test(value)) throw new S3Error('InvalidArgument', 'The number of items is not a number.')
  return Math.min(Number(value), MAX_ITEMS)
}

/** Keys can contain characters that XML cannot. Clients ask for `encoding-type=url` then. */
function nameWriter(query: ReadonlyMap<string, string>): (name: string) => string {
  return query.get('encoding-type') === 'url' ? (name) => encode(name).replaceAll('%2F', '/') : (name) => name
}
