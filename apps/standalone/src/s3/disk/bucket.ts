// Stores the objects of one bucket. An object is one file: its bytes, then its description, so that one rename publishes
// both.
//
// The file name is the SHA-256 of the key. So no key can leave the directory, be too long for a file name, or collide
// with another key (`a` and `a/b`, `A` and `a`).
import { createHash, randomUUID } from 'node:crypto'
import { closeSync, fstatSync, openSync, readSync, renameSync } from 'node:fs'
import { type FileHandle, open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Checksum } from '../checksum.ts'
import { codeOf } from '../errors.ts'

export interface ObjectInfo {
  readonly key: string
  readonly size: number
  /** Without quotes. */
  readonly etag: string
  /** Milliseconds since 1970. */
  readonly modified: number
  /** Content-Type and the like, and `x-amz-meta-*`. */
  readonly headers: Readonly<Record<string, string>>
  readonly checksum?: Checksum | undefined
}

/** The properties of an object in a list. */
export type ListedObject = Pick<ObjectInfo, 'key' | 'size' | 'etag' | 'modified'>

/** @throws S3Error if the existing object must not be replaced */
export type Condition = (existing: ObjectInfo | undefined) => void

const MAGIC = Buffer.from('WAYBILL1')
const TAIL_BYTES = 8192
/** Descriptions that are read before other requests are served. */
const READS_AT_ONCE = 100

export class Bucket {
  readonly #directory: string
  readonly #durable: boolean
  /** Cache by file name, so that a list does not read each file. The directory decides which objects exist. */
  readonly #listed = new Map<string, ListedObject>()

  constructor(directory: string, durable: boolean) {
    this.#directory = directory
    this.#durable = durable
  }

  /** The directory of the open multipart uploads, one directory each. */
  get uploads(): string {
    return join(this.#directory, 'uploads')
  }

  /** A new path in the directory that the next start empties. */
  temporaryPath(): string {
    return join(this.#directory, 'temporary', randomUUID())
  }

  /** With `durable`, returns when the written bytes survive a loss of power. */
  async sync(file: FileHandle): Promise<void> {
    if (this.#durable) await file.datasync()
  }

  /** Makes the file the object, in one step. The file has `info.size` bytes. @throws the error of the condition */
  async publish(file: FileHandle, path: string, info: ObjectInfo, condition?: Condition): Promise<void> {
    const description = Buffer.from(JSON.stringify(info))
    const length = Buffer.alloc(4)
    length.writeUInt32BE(description.length)
    await writeAll(file, [description, length, MAGIC], info.size)
    await this.sync(file)
    const target = this.#pathOf(info.key)
    // Both are synchronous, so that no other request runs between them.
    condition?.(readFile(target))
    renameSync(path, target)
    this.#listed.set(nameOf(info.key), listed(info))
    await this.#syncDirectory()
  }

  /** The caller closes `fd`. It stays readable when the object is replaced or deleted. */
  open(key: string): { readonly fd: number; readonly info: ObjectInfo } | undefined {
    const fd = openIfThere(this.#pathOf(key))
    if (fd === undefined) return undefined
    try {
      return { fd, info: readInfo(fd) }
    } catch (error) {
      closeSync(fd)
      throw error
    }
  }

  async remove(key: string): Promise<void> {
    await rm(this.#pathOf(key), { force: true })
    this.#listed.delete(nameOf(key))
    await this.#syncDirectory()
  }

  /** Not sorted. */
  async list(): Promise<ListedObject[]> {
    const names = new Set(await readdir(join(this.#directory, 'objects')))
    for (const name of this.#listed.keys()) if (!names.has(name)) this.#listed.delete(name)
    const objects: ListedObject[] = []
    let reads = 0
    for (const name of names) {
      if (!this.#listed.has(name) && ++reads % READS_AT_ONCE === 0) await nextTurn()
      const object = this.#listed.get(name) ?? readFile(join(this.#directory, 'objects', name))
      if (object === undefined) continue
      this.#listed.set(name, listed(object))
      objects.push(object)
    }
    return objects
  }

  #pathOf(key: string): string {
    return join(this.#directory, 'objects', nameOf(key))
  }

  async #syncDirectory(): Promise<void> {
    if (!this.#durable) return
    await using directory = await open(join(this.#directory, 'objects'))
    await directory.sync()
  }
}

/** Writes all bytes: a single write can be partial, e.g. on a disk that is nearly full. */
export async function writeAll(file: FileHandle, chunks: readonly Buffer[], position: number): Promise<number> {
  const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
  let { bytesWritten } = await file.writev(chunks, position)
  while (bytesWritten < length) {
    const rest = Buffer.concat(chunks).subarray(bytesWritten)
    bytesWritten += (await file.write(rest, 0, rest.length, position + bytesWritten)).bytesWritten
  }
  return length
}

function listed({ key, size, etag, modified }: ListedObject): ListedObject {
  return { key, size, etag, modified }
}

function nameOf(key: string): string {
  return createHash('sha256').update(key).digest('hex')
}

function readFile(path: string): ObjectInfo | undefined {
  const fd = openIfThere(path)
  if (fd === undefined) return undefined
  try {
    return readInfo(fd)
  } finally {
    closeSync(fd)
  }
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, 'r')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

function readInfo(fd: number): ObjectInfo {
  const { size } = fstatSync(fd)
  const readEnd = (length: number) => {
    const buffer = Buffer.alloc(Math.min(length, size))
    readSync(fd, buffer, 0, buffer.length, size - buffer.length)
    return buffer
  }
  const footer = 4 + MAGIC.length
  let tail = readEnd(TAIL_BYTES)
  if (tail.length >= footer && tail.subarray(-MAGIC.length).equals(MAGIC)) {
    const length = tail.readUInt32BE(tail.length - footer)
    if (length + footer > tail.length) tail = readEnd(length + footer)
    const info = JSON.parse(tail.toString('utf8', tail.length - footer - length, tail.length - footer)) as ObjectInfo
    if (info.size + length + footer === size) return info
  }
  throw new Error('A file of the embedded S3 server is damaged.')
}
