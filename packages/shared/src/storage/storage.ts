// The interface of the storage: one object per file in an S3 bucket, written completely or not at all.
import { lookup } from 'node:dns/promises'
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { delayedAbort } from '../async/abort.ts'
import { WaybillError } from '../vocabulary/errors.ts'
import { type ClientOptions, createClient } from './client.ts'
import { missingVirtualHost, storageError, virtualHostError } from './failure.ts'
import { type ObjectOptions, objectParams } from './object-options.ts'
import { abortUpload, abortUploads } from './open-uploads.ts'
import { COMPLETION_GRACE_MS, type PutOptions, type StoredObject, upload } from './upload.ts'

export type { PutOptions, StoredObject }

export interface StorageOptions extends ClientOptions {
  /** The address of the storage for callers, for which links are signed. Undefined: as `endpoint`. */
  readonly publicEndpoint: string | undefined
  /** The prefix of every key. Empty, or ends with a slash. */
  readonly prefix: string
  /** Of every object. */
  readonly object?: ObjectOptions | undefined
  /** False: the server does not list open uploads, and is not asked to. */
  readonly listUploads: boolean
  /** The minimum size of a part in bytes, at least 5 MiB. */
  readonly partSize: number
  /** Parts of one file that are uploaded concurrently. The memory is about (this + 2) × the part size. */
  readonly uploadConcurrency: number
}

/**
 * A key below the prefix of the storage, or the full key in the bucket. The database records the full key, which stays valid when
 * the prefix of the deployment changes.
 */
export type Key = string | { readonly fullKey: string }

export interface Storage {
  /** The key in the bucket, for the database. */
  fullKey(key: string): string
  /**
   * Uploads the body as one object. When this returns, the object exists and has all bytes. When this throws, the upload was
   * aborted.
   *
   * @throws WaybillError STORAGE_*, FILE_TOO_LARGE; the error of the body; the signal's reason
   */
  put(key: string, body: AsyncIterable<Uint8Array>, options: PutOptions): Promise<StoredObject>
  /** Stores a small JSON object. @throws WaybillError STORAGE_*; the signal's reason */
  putJson(key: string, value: unknown, signal: AbortSignal): Promise<void>
  /** A URL that allows GET without credentials for this many seconds. */
  signedUrl(key: Key, expiresIn: number): Promise<string>
  /** The keys with the prefix, in byte order, without the storage's own prefix. With `after`, only keys after it. */
  list(prefix: string, which?: { readonly after?: string; readonly signal?: AbortSignal }): Promise<string[]>
  /** Removes all objects with the prefix, if there are any. */
  removeAll(prefix: Key, signal?: AbortSignal): Promise<void>
  /** Aborts an upload of another attempt. Does nothing if the upload no longer exists. */
  abortUpload(key: Key, uploadId: string, signal?: AbortSignal): Promise<void>
  /**
   * Aborts every upload under the prefix, including those whose id was not recorded. With `before`, only uploads that started
   * earlier. False: the server cannot list uploads, so none was aborted.
   */
  abortUploads(prefix: Key, which?: { readonly before?: Date; readonly signal?: AbortSignal }): Promise<boolean>
  /** Checks the access to the bucket. @throws WaybillError */
  check(signal: AbortSignal): Promise<void>
  /** Writes a small object and removes it: a server whose disk is full answers, but takes nothing. @throws WaybillError STORAGE_* */
  probe(signal: AbortSignal): Promise<void>
  close(): void
}

/** One key for all workers, so that a worker which is killed while it probes leaves one object at most. */
const PROBE_KEY = 'outage-probe'

/** More than the few free bytes of a full disk. */
const PROBE_BYTES = 256 * 1_024

export function createStorage(options: StorageOptions): Storage {
  const { bucket } = options
  const client = createClient(options)
  // A signature covers the host, so a link for the internal endpoint is not valid at the public one.
  const publicClient = createClient(options, options.publicEndpoint ?? options.endpoint)
  const params = objectParams(options.object ?? {})

  const explain = async (error: unknown): Promise<WaybillError> =>
    missingVirtualHost(error, options) && (await isKnownHost(options.endpoint))
      ? virtualHostError(error)
      : storageError(error, options)

  const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (error) {
      throw await explain(error)
    }
  }

  /** An answer to HEAD has no body and so no cause; the answer to this request has one. */
  const checkByList = async (signal: AbortSignal): Promise<void> => {
    const list = new ListObjectsV2Command({ Bucket: bucket, Prefix: options.prefix, MaxKeys: 1 })
    try {
      await client.send(list, { abortSignal: signal })
    } catch (error) {
      const problem = await explain(error)
      const isMissing = problem.code === 'STORAGE_MISMATCH' // 404 without a name
      throw isMissing ? new WaybillError('STORAGE_BUCKET_MISSING', undefined, { cause: error }) : problem
    }
  }

  const fullKey = (key: Key) => (typeof key === 'string' ? `${options.prefix}${key}` : key.fullKey)

  return {
    fullKey,

    put: (key, body, put) =>
      upload(
        {
          client,
          bucket,
          key: fullKey(key),
          partSize: options.partSize,
          concurrency: options.uploadConcurrency,
          params,
          checksums: options.checksums,
          explain,
        },
        body,
        put,
      ),

    async putJson(key, value, signal) {
      const body = Buffer.from(`${JSON.stringify(value, null, 2)}\n`)
      const put = new PutObjectCommand({
        Bucket: bucket,
        Key: fullKey(key),
        Body: body,
        ContentType: 'application/json',
        ...params,
      })
      try {
        await client.send(put, { abortSignal: delayedAbort(signal, COMPLETION_GRACE_MS) })
      } catch (error) {
        throw signal.aborted ? signal.reason : await explain(error)
      }
    },

    signedUrl: (key, expiresIn) =>
      guarded(() =>
        getSignedUrl(publicClient, new GetObjectCommand({ Bucket: bucket, Key: fullKey(key) }), { expiresIn }),
      ),

    list: (prefix, { after, signal } = {}) =>
      guarded(async () => {
        const keys: string[] = []
        let token: string | undefined
        do {
          const list = new ListObjectsV2Command({
            Bucket: bucket,
            Prefix: fullKey(prefix),
            StartAfter: after === undefined ? undefined : fullKey(after),
            ContinuationToken: token,
          })
          const page = await client.send(list, signal === undefined ? {} : { abortSignal: signal })
          for (const { Key = '' } of page.Contents ?? []) keys.push(Key.slice(options.prefix.length))
          token = page.NextContinuationToken
        } while (token !== undefined)
        return keys
      }),

    removeAll: (prefix, signal) =>
      guarded(async () => {
        const options = signal === undefined ? {} : { abortSignal: signal }
        let token: string | undefined
        do {
          const list = new ListObjectsV2Command({ Bucket: bucket, Prefix: fullKey(prefix), ContinuationToken: token })
          const page = await client.send(list, options)
          for (const { Key } of page.Contents ?? []) {
            await client.send(new DeleteObjectCommand({ Bucket: bucket, Key }), options)
          }
          token = page.NextContinuationToken
        } while (token !== undefined)
      }),

    abortUpload: (key, uploadId, signal) =>
      guarded(() => abortUpload({ client, bucket }, fullKey(key), uploadId, signal)),
    abortUploads: async (prefix, which = {}) =>
      options.listUploads && guarded(() => abortUploads({ client, bucket }, fullKey(prefix), which)),

    probe: (signal) =>
      guarded(async () => {
        const object = { Bucket: bucket, Key: fullKey(PROBE_KEY) }
        const options = { abortSignal: signal }
        await client.send(new HeadBucketCommand({ Bucket: bucket }), options)
        await client.send(new PutObjectCommand({ ...object, Body: Buffer.alloc(PROBE_BYTES) }), options)
        await client.send(new DeleteObjectCommand(object), options)
      }),

    check: async (signal) => {
      try {
        await client.send(new HeadBucketCommand({ Bucket: bucket }), { abortSignal: signal })
      } catch (error) {
        const problem = await explain(error)
        if (problem.code === 'STORAGE_UNAVAILABLE') throw problem
        await checkByList(signal)
      }
    },

    close() {
      client.destroy()
      publicClient.destroy()
    },
  }
}

async function isKnownHost(endpoint: string | undefined): Promise<boolean> {
  if (endpoint === undefined) return false
  try {
    await lookup(new URL(endpoint).hostname)
    return true
  } catch {
    return false // the DNS is away, not only this name
  }
}
