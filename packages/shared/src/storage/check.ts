// Checks a storage as exports and downloads use it, and names the setting that mends what does not work.
import { createHash, randomBytes } from 'node:crypto'
import {
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { toWaybillError, type WaybillError } from '../vocabulary/errors.ts'
import { createClient } from './client.ts'
import { storageError } from './failure.ts'
import { abortUpload } from './open-uploads.ts'
import { createStorage, type Storage, type StorageOptions } from './storage.ts'
import type { Compared } from './upload.ts'

export interface Finding {
  /** `warning`: exports work, but less well or less safely. `error`: exports or downloads fail. */
  readonly level: 'ok' | 'warning' | 'error'
  readonly text: string
}

/** The smallest part that S3 takes, and a second part. */
const PART_BYTES = 5 * 1024 ** 2
const OBJECT_BYTES = PART_BYTES + 1_024

const FILENAME = 'waybill-check.bin'
const LINK_SECONDS = 60
const FETCH_TIMEOUT_MS = 10_000
const REMOVE_TIMEOUT_MS = 10_000

const ok = (text: string): Finding => ({ level: 'ok', text })
const warning = (text: string): Finding => ({ level: 'warning', text })
const failed = (text: string): Finding => ({ level: 'error', text })

/**
 * Writes an object of two parts below the prefix, reads, links and removes it. Ends after the first error without which the
 * other steps say nothing.
 */
export async function* checkStorage(options: StorageOptions, signal: AbortSignal): AsyncGenerator<Finding, void, void> {
  // Beside the files of exports, where the access key may write.
  const prefix = `exports/check-${randomBytes(8).toString('hex')}/`
  const storage = createStorage({ ...options, partSize: PART_BYTES })
  const client = createClient(options)
  try {
    yield* checkAddress(options)
    const problem = await failureOf(storage.check(signal))
    if (problem !== undefined) return yield failed(`The bucket cannot be used. ${problem}`)
    yield ok(`The bucket "${options.bucket}" answers.`)
    yield* checkObject({ options, storage, client, prefix, signal })
  } finally {
    client.destroy()
    storage.close()
  }
}

interface Check {
  readonly options: StorageOptions
  readonly storage: Storage
  readonly client: S3Client
  readonly prefix: string
  readonly signal: AbortSignal
}

async function* checkObject(check: Check): AsyncGenerator<Finding, void, void> {
  const { options, storage, client, prefix, signal } = check
  const key = `${prefix}${FILENAME}`
  const bytes = randomBytes(OBJECT_BYTES)
  const written = await write(storage, key, bytes, signal)
  if (typeof written === 'string') {
    const advice = await adviceFor(options, prefix, bytes, signal)
    return yield failed(`An object of two parts cannot be written. ${written}${advice}`)
  }
  yield ok(`An object of ${OBJECT_BYTES.toLocaleString('en')} bytes was written in two parts.`)
  if (!written.checksum) {
    const rest = written.version ? 'length and version' : 'the length only'
    yield warning(`The server keeps no checksum of a whole object. After an upload, Waybill compares ${rest}.`)
  }
  try {
    yield* checkProperties(client, options, storage.fullKey(key), signal)
    yield* checkOpenUploads(client, options, storage.fullKey(prefix), signal)
    yield* checkLink(storage, options, key, bytes)
  } catch (error) {
    yield failed(textOf(storageError(error, options)))
  }
  const problem = await failureOf(remove(storage, prefix))
  yield problem === undefined ? ok('The object was removed.') : failed(`The object cannot be removed. ${problem}`)
}

/** What a person reads about the failure; undefined when there is none. */
async function failureOf(work: Promise<unknown>): Promise<string | undefined> {
  try {
    await work
    return undefined
  } catch (error) {
    return textOf(toWaybillError(error))
  }
}

function textOf({ message, kind }: WaybillError): string {
  return message === kind.title ? `${message}. ${kind.advice}` : message
}

function* checkAddress({ endpoint, publicEndpoint }: StorageOptions): Generator<Finding, void, void> {
  const pathOf = (url: string | undefined) => (url === undefined ? '' : new URL(url).pathname.replace(/\/$/, ''))
  for (const [name, path] of [
    ['S3_ENDPOINT', pathOf(endpoint)],
    ['S3_PUBLIC_ENDPOINT', pathOf(publicEndpoint)],
  ]) {
    if (path === '') continue
    yield warning(
      `${name} has the path "${path}". It becomes part of every request and link: remove it if it is the bucket or a page of the server.`,
    )
  }
}

/** @returns what was compared, or what failed */
async function write(
  storage: Storage,
  key: string,
  bytes: Uint8Array,
  signal: AbortSignal,
): Promise<Compared | string> {
  let result: Compared = { version: false, checksum: false }
  const put = storage.put(key, pieces(bytes), {
    contentType: 'application/octet-stream',
    filename: FILENAME,
    signal,
    estimatedBytes: bytes.length,
    onVerified: (what) => {
      result = what
    },
  })
  return (await failureOf(put)) ?? result
}

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, void> {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536)
}

/** Tries the write with other settings. @returns the setting with which it works, as a sentence; else nothing */
async function adviceFor(
  options: StorageOptions,
  prefix: string,
  bytes: Uint8Array,
  signal: AbortSignal,
): Promise<string> {
  const { object } = options
  const others: [Partial<StorageOptions>, string][] = [
    [{ checksums: false }, 'S3_CHECKSUMS=when_required'],
    [{ forcePathStyle: true }, 'S3_FORCE_PATH_STYLE=true'],
    [{ checksums: false, forcePathStyle: true }, 'S3_CHECKSUMS=when_required and S3_FORCE_PATH_STYLE=true'],
  ]
  if (object?.encryption !== undefined) {
    others.push([{ object: { ...object, encryption: undefined, kmsKeyId: undefined } }, 'no S3_SSE'])
  }
  if (object?.storageClass !== undefined) {
    others.push([{ object: { ...object, storageClass: undefined } }, 'no S3_STORAGE_CLASS'])
  }
  if (object?.tags !== undefined) others.push([{ object: { ...object, tags: undefined } }, 'no S3_TAGS'])
  if (others.length > 4) others.push([{ object: {} }, 'neither S3_SSE nor S3_STORAGE_CLASS nor S3_TAGS'])
  for (const [changes, setting] of others) {
    if (!options.checksums && changes.checksums === false) continue
    if (options.forcePathStyle && changes.forcePathStyle === true) continue
    const storage = createStorage({ ...options, ...changes, partSize: PART_BYTES })
    try {
      if (typeof (await write(storage, `${prefix}${FILENAME}`, bytes, signal)) === 'string') continue
      await failureOf(remove(storage, prefix))
      return ` It works with ${setting}.`
    } finally {
      storage.close()
    }
  }
  return ''
}

/** Whether the server has kept what the settings ask for. */
async function* checkProperties(
  client: S3Client,
  { bucket, object }: StorageOptions,
  fullKey: string,
  signal: AbortSignal,
): AsyncGenerator<Finding, void, void> {
  if (object === undefined) return
  const held = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: fullKey }), { abortSignal: signal })
  const { encryption, storageClass } = object
  if (encryption !== undefined) {
    yield held.ServerSideEncryption === encryption
      ? ok(`The object is encrypted by the server: ${encryption}.`)
      : warning(`The server does not say that the object is encrypted: it may ignore S3_SSE=${encryption}.`)
  }
  if (storageClass !== undefined) {
    // S3 does not name the class STANDARD.
    yield (held.StorageClass ?? 'STANDARD') === storageClass
      ? ok(`The object has the storage class ${storageClass}.`)
      : warning(
          `The object has the storage class ${held.StorageClass ?? 'STANDARD'}: the server ignores S3_STORAGE_CLASS.`,
        )
  }
}

/** Begins an upload, and looks for it in the list of open uploads. */
async function* checkOpenUploads(
  client: S3Client,
  { bucket, listUploads }: StorageOptions,
  prefix: string,
  signal: AbortSignal,
): AsyncGenerator<Finding, void, void> {
  const key = `${prefix}open`
  const consequence =
    'Uploads of a worker that died are aborted by their recorded ids only: add a lifecycle rule AbortIncompleteMultipartUpload to the bucket.'
  const { UploadId: id } = await client.send(new CreateMultipartUploadCommand({ Bucket: bucket, Key: key }), {
    abortSignal: signal,
  })
  if (id === undefined) return yield failed('The server gives no id to an upload.')
  try {
    if (!listUploads) return yield warning(`S3_LIST_UPLOADS is false. ${consequence}`)
    const list = new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: prefix })
    const page = await client.send(list, { abortSignal: signal }).catch((error: unknown) => storageError(error))
    if (page instanceof Error) {
      yield warning(
        `The server does not list open uploads (${page.message}). Set S3_LIST_UPLOADS=false. ${consequence}`,
      )
    } else if (page.Uploads?.some((upload) => upload.UploadId === id)) {
      yield ok('Open uploads are listed.')
    } else {
      yield warning(`The list of open uploads lacks one that is open. Set S3_LIST_UPLOADS=false. ${consequence}`)
    }
  } finally {
    await abortUpload({ client, bucket }, key, id, signal)
  }
}

/** Follows a link as a caller does. */
async function* checkLink(
  storage: Storage,
  { endpoint, publicEndpoint }: StorageOptions,
  key: string,
  bytes: Uint8Array,
): AsyncGenerator<Finding, void, void> {
  const setting = publicEndpoint === undefined ? 'S3_ENDPOINT' : 'S3_PUBLIC_ENDPOINT'
  const url = await storage.signedUrl(key, LINK_SECONDS)
  const get = async (address: string, headers: Record<string, string> = {}) => {
    try {
      return await fetch(address, { headers, redirect: 'manual', signal: AbortSignal.timeout(FETCH_TIMEOUT_MS) })
    } catch (error) {
      return storageError((error as Error).cause ?? error)
    }
  }
  const response = await get(url)
  if (response instanceof Error) {
    const isOther = publicEndpoint !== undefined && publicEndpoint !== endpoint
    const text = `A link cannot be followed from this machine: ${response.message} Callers must reach ${setting}.`
    return yield isOther ? warning(text) : failed(text)
  }
  const body = Buffer.from(await response.arrayBuffer())
  if (response.status !== 200) return yield failed(linkFailure(response.status, setting))
  const sha256 = (data: Uint8Array) => createHash('sha256').update(data).digest('hex')
  if (sha256(body) !== sha256(bytes)) {
    return yield failed(`A link gives ${body.length} bytes that differ from the ${bytes.length} that were written.`)
  }
  yield ok(`A link to ${setting} gives the object.`)
  if (!response.headers.get('content-disposition')?.includes(FILENAME)) {
    yield warning('The answer to a link has no Content-Disposition: browsers show files instead of saving them.')
  }
  const part = await get(url, { range: 'bytes=0-9' })
  if (part instanceof Response && part.status !== 206) {
    yield warning('The server ignores ranges: an interrupted download starts again.')
  }
  if (part instanceof Response) await part.arrayBuffer()
  const bare = await get(url.split('?')[0] ?? url)
  if (bare instanceof Response) {
    await bare.arrayBuffer()
    if (bare.status === 200) yield warning('Everyone can read the bucket without a signed link: make it private.')
  }
}

function linkFailure(status: number, setting: string): string {
  if (status === 403) {
    return `A link is answered with 403: a proxy at ${setting} must keep the Host header and the path, which are part of the signature.`
  }
  if (status === 404)
    return `A link is answered with 404: ${setting} has a path that the server does not have, or is another server.`
  return `A link is answered with ${status}: check ${setting}.`
}

async function remove(storage: Storage, prefix: string): Promise<void> {
  await storage.removeAll(prefix, AbortSignal.timeout(REMOVE_TIMEOUT_MS))
}
