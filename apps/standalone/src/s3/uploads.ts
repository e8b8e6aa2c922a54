// Multipart uploads of the embedded S3 server: parts go straight to their place in one file.
//
// s3rver copies all parts once more when the upload is completed, which takes as long as uploading them.
// Here the parts of an upload have one size, but for the last, so the place of each is known when it comes in.
import { createHash } from 'node:crypto'
import { constants, createReadStream, createWriteStream } from 'node:fs'
import { open, readdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import S3Error from 's3rver/lib/models/error.js'
import type { Metadata } from 's3rver/lib/stores/filesystem.js'

export interface OpenUpload {
  readonly key: string
  readonly uploadId: string
  readonly initiated: Date
}

export interface Stored {
  readonly size: number
  readonly md5: string
}

/** Where the bytes of a part are: `size` bytes at `offset` of `file`. Written to `<number>.json`. */
interface Part extends Stored {
  readonly file: string
  readonly offset: number
}

export interface Assembled extends Stored {
  readonly key: string
  readonly metadata: Metadata
  readonly file: string
}

/** The file that parts are written into at their place; one of another size gets a file of its own. */
const COMMON = 'parts'
const CHUNK = 1024 * 1024

/** The size of the first part seen, by upload. Lost with the process: then parts get files of their own. */
const partSizes = new Map<string, number>()

/** @throws S3Error NoSuchUpload */
export async function putPart(
  directory: string,
  uploadId: string,
  number: number,
  content: Readable,
  length: number,
): Promise<Stored> {
  const { key } = await describe(directory, uploadId)
  if (key === undefined) throw noSuchUpload()
  const unit = partSizes.get(uploadId) ?? length
  partSizes.set(uploadId, unit)
  const place =
    length > 0 && length <= unit ? { file: COMMON, offset: (number - 1) * unit } : { file: `own-${number}`, offset: 0 }
  try {
    // A part sent twice has the same bytes, so the two may be written over each other.
    const stored = await writeHashed(content, join(directory, uploadId, place.file), place.offset)
    const part: Part = { ...place, ...stored }
    await writeFile(join(directory, uploadId, `${number}.json`), JSON.stringify(part))
    return stored
  } catch (error) {
    // The upload was aborted while this part came in.
    if (codeOf(error) === 'ENOENT') throw noSuchUpload()
    throw error
  }
}

/** @throws S3Error NoSuchUpload, InvalidPart, InvalidPartOrder */
export async function assemble(
  directory: string,
  uploadId: string,
  claimed: readonly { number: number; etag: string }[],
): Promise<Assembled> {
  const { key, metadata } = await describe(directory, uploadId)
  if (key === undefined || metadata === undefined) throw noSuchUpload()
  const digests = createHash('md5')
  const parts: Part[] = []
  let previous = 0
  for (const { number, etag } of claimed) {
    if (number <= previous) throw new S3Error('InvalidPartOrder', 'The parts are not in ascending order.')
    previous = number
    const text = await readIfThere(join(directory, uploadId, `${number}.json`))
    const part = text === undefined ? undefined : (JSON.parse(text) as Part)
    if (part?.md5 !== etag) throw new S3Error('InvalidPart', `Part ${number} is not there, or has another ETag.`)
    parts.push(part)
    digests.update(etag, 'hex')
  }
  const file = join(directory, uploadId, COMMON)
  const size = parts.reduce((sum, part) => sum + part.size, 0)
  const md5 = `${digests.digest('hex')}-${parts.length}`
  if (isContiguous(parts)) {
    await truncate(file, size)
    return { key, metadata, file, size, md5 }
  }
  const whole = join(directory, uploadId, 'whole')
  await rm(whole, { force: true })
  for (const part of parts) {
    if (part.size === 0) continue
    const from = createReadStream(join(directory, uploadId, part.file), {
      start: part.offset,
      end: part.offset + part.size - 1,
      highWaterMark: CHUNK,
    })
    await pipeline(from, createWriteStream(whole, { flags: 'a' }))
  }
  return { key, metadata, file: whole, size, md5 }
}

function isContiguous(parts: readonly Part[]): boolean {
  let end = 0
  for (const { file, offset, size } of parts) {
    if (file !== COMMON || offset !== end) return false
    end += size
  }
  return true
}

/** @throws S3Error NoSuchUpload */
export async function dropUpload(directory: string, uploadId: string): Promise<void> {
  if ((await describe(directory, uploadId)).key === undefined) throw noSuchUpload()
  partSizes.delete(uploadId)
  // Renamed first: a part that comes in at this moment must not bring the upload back to life.
  const dropped = join(directory, `dropped-${uploadId}`)
  await rename(join(directory, uploadId), dropped)
  await rm(dropped, { recursive: true, force: true, maxRetries: 5 })
}

export async function listUploads(directory: string, prefix: string): Promise<OpenUpload[]> {
  const uploads: OpenUpload[] = []
  for (const uploadId of await namesIn(directory)) {
    const { key } = await describe(directory, uploadId)
    if (key?.startsWith(prefix)) {
      uploads.push({ key, uploadId, initiated: (await stat(join(directory, uploadId, 'key'))).mtime })
    }
  }
  return uploads.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : +a.initiated - +b.initiated))
}

/** Writes into the file at `offset`, which is made if missing and never cut. */
export async function writeHashed(content: Readable, path: string, offset = 0): Promise<Stored> {
  const hash = createHash('md5')
  let size = 0
  const file = await open(path, constants.O_CREAT | constants.O_WRONLY)
  await pipeline(
    content,
    async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        hash.update(chunk)
        size += chunk.length
        yield chunk
      }
    },
    file.createWriteStream({ start: offset, highWaterMark: CHUNK }),
  )
  return { size, md5: hash.digest('hex') }
}

/** What s3rver wrote down when the upload began; nothing when there is no such upload. */
async function describe(directory: string, uploadId: string): Promise<{ key?: string; metadata?: Metadata }> {
  // Anything but an id of s3rver's could lead out of the directory.
  if (!/^[0-9a-f]{32}$/.test(uploadId)) return {}
  const key = await readIfThere(join(directory, uploadId, 'key'))
  const metadata = await readIfThere(join(directory, uploadId, 'metadata'))
  if (key === undefined || metadata === undefined) return {}
  return { key, metadata: JSON.parse(metadata || '{}') as Metadata }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return []
    throw error
  }
}

function noSuchUpload(): S3Error {
  return new S3Error('NoSuchUpload', 'The multipart upload does not exist: it was completed, aborted, or never begun.')
}

export function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code
}
