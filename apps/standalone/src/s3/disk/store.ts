// Manages the buckets of the embedded S3 server, one directory each.
import { existsSync } from 'node:fs'
import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { S3Error } from '../errors.ts'
import { Bucket } from './bucket.ts'

export interface Store {
  /** @throws S3Error NoSuchBucket */
  bucket(name: string): Bucket
  /** Does nothing if it exists. @throws S3Error InvalidBucketName */
  createBucket(name: string): Promise<void>
  list(): Promise<readonly { readonly name: string; readonly created: Date }[]>
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html. Such a name cannot leave the directory. */
const BUCKET_NAME = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/

/** @param durable see {@link S3Options} */
export async function openStore(directory: string, durable: boolean): Promise<Store> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const buckets = new Map<string, Bucket>()
  const store: Store = {
    bucket(name) {
      const known = buckets.get(name)
      if (known !== undefined) return known
      if (!BUCKET_NAME.test(name) || !existsSync(join(directory, name))) throw new S3Error('NoSuchBucket')
      const bucket = new Bucket(join(directory, name), durable)
      buckets.set(name, bucket)
      return bucket
    },
    async createBucket(name) {
      if (!BUCKET_NAME.test(name)) throw new S3Error('InvalidBucketName')
      for (const folder of ['objects', 'uploads', 'temporary']) {
        await mkdir(join(directory, name, folder), { recursive: true, mode: 0o700 })
      }
    },
    async list() {
      const names = (await readdir(directory)).filter((name) => BUCKET_NAME.test(name))
      return Promise.all(names.map(async (name) => ({ name, created: (await stat(join(directory, name))).birthtime })))
    },
  }
  // Remove the files of a process that was killed.
  for (const { name } of await store.list()) {
    await rm(join(directory, name, 'temporary'), { recursive: true, force: true })
    await store.createBucket(name)
  }
  return store
}
