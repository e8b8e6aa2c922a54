// The Storage seam: one object per file in an S3 bucket, written whole or not at all.
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { delayedAbort } from '../async/abort.ts'
import { WaybillError } from '../vocabulary/errors.ts'
import { storageError } from './failure.ts'
import { abortUpload, abortUploads } from './open-uploads.ts'
import { LANDING_TIME, type PutOptions, type StoredObject, upload } from './upload.ts'

export type { PutOptions, StoredObject }

export interface StorageOptions {
  /** Undefined: AWS itself. */
  readonly endpoint: string | undefined
  /** Where callers reach the storage; links are signed for this one. Undefined: as `endpoint`. */
  readonly publicEndpoint: string | undefined
  readonly region: string
  readonly bucket: string
  /** Of every key; empty, or with a slash at its end. */
  readonly prefix: string
  readonly forcePathStyle: boolean
  /** Undefined: the AWS default chain (environment, profile, instance role). */
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string } | undefined
  /** Bytes of a part at least; 5 MiB or more. */
  readonly partSize: number
  /** Parts of one file on their way at once. Memory is about (this + 2) × the part size. */
  readonly uploadConcurrency: number
  /** Milliseconds without an answer after which a request is given up. */
  readonly requestTimeout: number
}

/**
 * A key below the prefix of the storage. Or the full key in the bucket, as the database has recorded it: that one stays
 * valid when the prefix of the deployment changes.
 */
export type Key = string | { readonly fullKey: string }

export interface Storage {
  /** The key in the bucket, for the database. */
  fullKey(key: string): string
  /**
   * Uploads the body as one object. It exists when this returns, complete and with as many bytes as were
   * sent; when this throws, the upload was aborted.
   *
   * @throws WaybillError STORAGE_*, FILE_TOO_LARGE; whatever the body threw; the signal's reason
   */
  put(key: string, body: AsyncIterable<Uint8Array>, options: PutOptions): Promise<StoredObject>
  /** Stores a small JSON object. @throws WaybillError STORAGE_*; the signal's reason */
  putJson(key: string, value: unknown, signal: AbortSignal): Promise<void>
  /** A URL that anyone may GET for so many seconds. */
  signedUrl(key: Key, expiresIn: number): Promise<string>
  /** Removes what begins with the prefix; removing nothing is fine. */
  removeAll(prefix: Key, signal?: AbortSignal): Promise<void>
  /** Aborts an upload that its owner cannot abort any more; one that is gone already is fine. */
  abortUpload(key: Key, uploadId: string, signal?: AbortSignal): Promise<void>
  /**
   * Aborts every upload under the prefix, also those whose id nobody noted; with `before`, those that began earlier.
   * False: the server cannot list uploads, and nothing was done.
   */
  abortUploads(prefix: Key, which?: { readonly before?: Date; readonly signal?: AbortSignal }): Promise<boolean>
  /** @throws WaybillError when the bucket cannot be used */
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
  const client = new S3Client(clientConfig(options, options.endpoint))
  // A signature covers the host: a link signed for the internal endpoint would be refused at the public one.
  const publicClient = new S3Client(clientConfig(options, options.publicEndpoint ?? options.endpoint))

  const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (error) {
      throw storageError(error)
    }
  }

  const fullKey = (key: Key) => (typeof key === 'string' ? `${options.prefix}${key}` : key.fullKey)

  return {
    fullKey,

    put: (key, body, put) =>
      upload(
        client,
        { bucket, key: fullKey(key), partSize: options.partSize, concurrency: options.uploadConcurrency },
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
      })
      try {
        await client.send(put, { abortSignal: delayedAbort(signal, LANDING_TIME) })
      } catch (error) {
        throw signal.aborted ? signal.reason : storageError(error)
      }
    },

    signedUrl: (key, expiresIn) =>
      guarded(() =>
        getSignedUrl(publicClient, new GetObjectCommand({ Bucket: bucket, Key: fullKey(key) }), { expiresIn }),
      ),

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
    abortUploads: (prefix, which = {}) => guarded(() => abortUploads({ client, bucket }, fullKey(prefix), which)),

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
        // An answer to HEAD has no body and so no code: the status is all there is.
        const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode
        throw status === 404
          ? new WaybillError('STORAGE_BUCKET_MISSING', undefined, { cause: error })
          : storageError(error)
      }
    },

    close() {
      client.destroy()
      publicClient.destroy()
    },
  }
}

function clientConfig(options: StorageOptions, endpoint: string | undefined): S3ClientConfig {
  return {
    region: options.region,
    forcePathStyle: options.forcePathStyle,
    maxAttempts: 4,
    requestHandler: {
      connectionTimeout: 5_000,
      requestTimeout: options.requestTimeout,
      throwOnRequestTimeout: true,
      // The limit above ends with the first line of the answer; this one holds also within its body.
      socketTimeout: options.requestTimeout,
    },
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(options.credentials === undefined ? {} : { credentials: options.credentials }),
  }
}
