// Stores multipart uploads. Parts go directly to their place in one file, so that completing an upload copies nothing.
//
// A part of n bytes with the number k is written at (k - 1) × n of a file for parts of n bytes. Where all parts but the
// last have one size, that file becomes the object; otherwise the parts are copied into one file.
import { randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bodyLength, type Received, receiveFile } from '../body.ts'
import type { Call } from '../call.ts'
import type { Algorithm, Checksum } from '../checksum.ts'
import { codeOf, S3Error } from '../errors.ts'
import { type Bucket, type Condition, type ObjectInfo, writeAll } from './bucket.ts'

/** The content of `upload.json`. */
export interface Upload {
  readonly id: string
  readonly key: string
  readonly initiated: number
  readonly headers: Readonly<Record<string, string>>
  /** The checksum that the client announced for its parts. */
  readonly checksum: { readonly algorithm: Algorithm; readonly type: Checksum['type'] } | undefined
}

/** A part: `size` bytes at `offset` of `file`. The content of `<number>.json`, which is empty during the upload. */
export interface Part extends Received {
  readonly number: number
  readonly file: string
  readonly offset: number
  readonly modified: number
}

const COPY_BYTES = 1024 ** 2
/** File systems limit the size of a file to a few TiB, holes included. */
const MAX_OFFSET_BYTES = 1024 ** 4

/** The number of parts being written, by the directory of their upload. */
const writing = new Map<string, number>()

export async function createUpload(bucket: Bucket, description: Omit<Upload, 'id' | 'initiated'>): Promise<Upload> {
  const initiated = Date.now()
  // Ids sort by time, which lists rely on.
  const id = initiated.toString(16).padStart(12, '0') + randomBytes(12).toString('hex')
  const upload = { ...description, id, initiated }
  const path = bucket.temporaryPath()
  await mkdir(path, { mode: 0o700 })
  await writeFile(join(path, 'upload.json'), JSON.stringify(upload), { mode: 0o600, flush: true })
  await rename(path, join(bucket.uploads, id))
  return upload
}

/** @throws S3Error NoSuchUpload */
export async function readUpload(bucket: Bucket, id: string, key: string): Promise<Upload> {
  const upload = await readIfThere<Upload>(join(directoryOf(bucket, id), 'upload.json'))
  if (upload?.key !== key) throw new S3Error('NoSuchUpload')
  return upload
}

/** The uploads whose key has the prefix, by time. */
export async function listUploads(bucket: Bucket, prefix: string): Promise<Upload[]> {
  const uploads: Upload[] = []
  for (const id of (await readdir(bucket.uploads)).sort()) {
    const upload = await readIfThere<Upload>(join(bucket.uploads, id, 'upload.json'))
    if (upload?.key.startsWith(prefix)) uploads.push(upload)
  }
  return uploads
}

/** @throws S3Error NoSuchUpload, and the errors of the body */
export async function receivePart(call: Call, upload: Upload, number: number): Promise<Part> {
  const directory = directoryOf(call.bucket, upload.id)
  const record = join(directory, `${number}.json`)
  const length = bodyLength(call)
  writing.set(directory, (writing.get(directory) ?? 0) + 1)
  try {
    // A repeated part must not overwrite the first one, because it may fail.
    const isFirst = await createFile(record)
    const offset = (number - 1) * length
    const isInPlace = isFirst && offset <= MAX_OFFSET_BYTES
    const place = isInPlace
      ? { file: `size-${length}`, offset }
      : { file: `again-${number}-${randomBytes(6).toString('hex')}`, offset: 0 }
    await createFile(join(directory, place.file))
    await using file = await open(join(directory, place.file), 'r+')
    const received = await receiveFile(call, file, place.offset)
    await call.bucket.sync(file)
    const part: Part = { ...received, ...place, number, modified: Date.now() }
    const written = join(directory, `${number}-${randomBytes(6).toString('hex')}.new`)
    await writeFile(written, JSON.stringify(part), { mode: 0o600 })
    await rename(written, record)
    return part
  } catch (error) {
    // The upload was aborted or completed meanwhile.
    throw codeOf(error) === 'ENOENT' ? new S3Error('NoSuchUpload') : error
  } finally {
    const left = (writing.get(directory) ?? 1) - 1
    if (left > 0) writing.set(directory, left)
    else writing.delete(directory)
  }
}

/** By number. */
export async function listParts(bucket: Bucket, { id }: Upload): Promise<Part[]> {
  const records = await partRecords(directoryOf(bucket, id))
  const parts = await Promise.all(records.map((path) => readIfThere<Part>(path)))
  return parts.filter((part) => part !== undefined).sort((a, b) => a.number - b.number)
}

/** @throws S3Error NoSuchUpload, and the error of the condition: then the upload still exists */
export async function completeUpload(
  bucket: Bucket,
  { id }: Upload,
  parts: readonly Part[],
  info: ObjectInfo,
  condition: Condition | undefined,
): Promise<void> {
  const directory = directoryOf(bucket, id)
  const taken = bucket.temporaryPath()
  await takeAway(directory, taken)
  try {
    const first = parts[0]
    // Else copy: a part being written has the file open, and an unlisted part must survive a failed completion.
    const isAlone = !writing.has(directory) && (await partRecords(taken)).length === parts.length
    const isInPlace = isAlone && first !== undefined && isContiguous(parts.slice(0, -1), first.file)
    const path = join(taken, isInPlace ? first.file : 'whole')
    if (!isInPlace) await createFile(path)
    await using file = await open(path, 'r+')
    const last = parts.at(-1)
    const rest = isInPlace && last !== undefined ? [last] : parts
    let end = isInPlace && last !== undefined ? info.size - last.size : 0
    for (const part of rest) {
      if (isInPlace && part.file === first.file && part.offset === end) end += part.size
      else end += await copy(join(taken, part.file), part, file, end)
    }
    await file.truncate(info.size)
    await bucket.publish(file, path, info, condition)
  } catch (error) {
    await rename(taken, directory)
    throw error
  }
  await rm(taken, { recursive: true, force: true, maxRetries: 5 })
}

/** @throws S3Error NoSuchUpload */
export async function abortUpload(bucket: Bucket, { id }: Upload): Promise<void> {
  // Move it first, so that no part can be added while the files are removed.
  const taken = bucket.temporaryPath()
  await takeAway(directoryOf(bucket, id), taken)
  await rm(taken, { recursive: true, force: true, maxRetries: 5 })
}

function directoryOf(bucket: Bucket, id: string): string {
  // Another form of id could leave the directory.
  if (!/^[0-9a-f]{36}$/.test(id)) throw new S3Error('NoSuchUpload')
  return join(bucket.uploads, id)
}

async function takeAway(directory: string, taken: string): Promise<void> {
  try {
    await rename(directory, taken)
  } catch (error) {
    throw codeOf(error) === 'ENOENT' ? new S3Error('NoSuchUpload') : error
  }
}

function isContiguous(parts: readonly Part[], file: string): boolean {
  let end = 0
  return parts.every((part) => {
    const isNext = part.file === file && part.offset === end
    end += part.size
    return isNext
  })
}

async function copy(path: string, part: Part, to: FileHandle, position: number): Promise<number> {
  if (part.size === 0) return 0
  const bytes = { start: part.offset, end: part.offset + part.size - 1, highWaterMark: COPY_BYTES }
  let end = position
  for await (const chunk of createReadStream(path, bytes)) end += await writeAll(to, [chunk], end)
  return end - position
}

/** False: it exists already. */
async function createFile(path: string): Promise<boolean> {
  try {
    await (await open(path, 'wx', 0o600)).close()
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
}

/** Undefined if the file is missing or empty. */
async function readIfThere<T>(path: string): Promise<T | undefined> {
  try {
    const json = await readFile(path, 'utf8')
    return json === '' ? undefined : (JSON.parse(json) as T)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

async function partRecords(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).filter((name) => /^\d+\.json$/.test(name)).map((name) => join(directory, name))
  } catch (error) {
    throw codeOf(error) === 'ENOENT' ? new S3Error('NoSuchUpload') : error
  }
}
