// The store beneath the embedded S3 server: s3rver's own, with the ways repaired that lose or leak data.
//
// s3rver 3.7.1 answers a PUT before its bytes are in the file, never answers when the client goes away,
// ends the whole process when a part is missing, shows half-written objects, and fails deletes and lists
// that run at the same time as others.
import { randomUUID } from 'node:crypto'
import { mkdir, rename, rm, rmdir } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import FilesystemStore, { type Metadata, type StoredObject } from 's3rver/lib/stores/filesystem.js'
import {
  assemble,
  codeOf,
  dropUpload,
  listUploads,
  type OpenUpload,
  putPart,
  type Stored,
  writeHashed,
} from './uploads.ts'

const TRIES = 5

export class S3Store extends FilesystemStore {
  override async putObject(object: StoredObject): Promise<Stored> {
    const uploads = this.#uploads(object.bucket)
    await mkdir(uploads, { recursive: true })
    const file = join(uploads, `put-${randomUUID()}`)
    try {
      const content = Buffer.isBuffer(object.content) ? Readable.from([object.content]) : object.content
      const stored = await writeHashed(content, file)
      await this.#publish(object.bucket, object.key, file, object.metadata, stored.md5)
      return stored
    } finally {
      await rm(file, { force: true })
    }
  }

  override async putPart(bucket: string, uploadId: string, number: string, content: IncomingMessage): Promise<Stored> {
    return putPart(this.#uploads(bucket), uploadId, Number(number), content, Number(content.headers['content-length']))
  }

  override async putObjectMultipart(
    bucket: string,
    uploadId: string,
    parts: readonly { number: number; etag: string }[],
  ): Promise<Stored> {
    const { key, metadata, file, size, md5 } = await assemble(this.#uploads(bucket), uploadId, parts)
    await this.#publish(bucket, key, file, metadata, md5)
    await dropUpload(this.#uploads(bucket), uploadId)
    return { size, md5 }
  }

  async abortUpload(bucket: string, uploadId: string): Promise<void> {
    await dropUpload(this.#uploads(bucket), uploadId)
  }

  async listUploads(bucket: string, prefix: string): Promise<OpenUpload[]> {
    return listUploads(this.#uploads(bucket), prefix)
  }

  override async deleteObject(bucket: string, key: string): Promise<void> {
    for (const resource of ['object', 'object.md5', 'metadata.json']) {
      await rm(this.getResourcePath(bucket, key, resource), { force: true })
    }
    const top = this.getBucketPath(bucket)
    for (let path = dirname(join(top, key)); path.length > top.length; path = dirname(path)) {
      try {
        await rmdir(path)
      } catch (error) {
        if (['ENOTEMPTY', 'ENOENT', 'EEXIST'].includes(codeOf(error) ?? '')) return
        throw error
      }
    }
  }

  override async listObjects(bucket: string, options: object): Promise<unknown> {
    return retryMissing(() => super.listObjects(bucket, options))
  }

  /** The object appears whole and with its metadata, by one rename. */
  async #publish(bucket: string, key: string, file: string, metadata: Metadata, md5: string): Promise<void> {
    const object = this.getResourcePath(bucket, key, 'object')
    // A delete at the same moment may remove the directory as an empty one.
    await retryMissing(async () => {
      await mkdir(dirname(object), { recursive: true })
      await this.putMetadata(bucket, key, metadata, md5)
      await rename(file, object)
    })
  }

  #uploads(bucket: string): string {
    return this.getResourcePath(bucket, undefined, 'uploads')
  }
}

async function retryMissing<T>(action: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await action()
    } catch (error) {
      if (codeOf(error) !== 'ENOENT' || attempt === TRIES) throw error
    }
  }
}
