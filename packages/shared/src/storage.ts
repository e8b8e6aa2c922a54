// The Storage seam: one object per file in an S3 bucket, written whole or not at all.
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { crc32 } from 'node:zlib'
import {
  AbortMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandOutput,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { WaybillError } from './errors.ts'
import { storageError } from './storage-failure.ts'

export interface StorageOptions {
  /** Undefined: AWS itself. */
  readonly endpoint: string | undefined
  /** Where callers reach the storage; links are signed for this one. Undefined: as `endpoint`. */
  readonly publicEndpoint: string | undefined
  readonly region: string
  readonly bucket: string
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

export interface PutOptions {
  readonly contentType: string
  /** What a browser saves the object as; ASCII without quotes. */
  readonly filename: string
  readonly signal: AbortSignal
  /** A guess, to choose parts large enough; 0 when unknown. */
  readonly estimatedBytes: number
  /** Called with the bytes read from the body so far. */
  readonly onProgress?: (bytes: number) => void
  /** Awaited before the first part is sent, so that a crash leaves a trace of the open upload. */
  readonly onUploadStarted?: (uploadId: string) => Promise<void>
}

export interface StoredObject {
  readonly bytes: number
  /** Hex. */
  readonly sha256: string
}

export interface Storage {
  /**
   * Uploads the body as one object. It exists when this returns, complete and with as many bytes as were
   * sent; when this throws, the upload was aborted.
   *
   * @throws WaybillError STORAGE_*, FILE_TOO_LARGE; whatever the body threw; the signal's reason
   */
  put(key: string, body: AsyncIterable<Uint8Array>, options: PutOptions): Promise<StoredObject>
  /** Stores a small JSON object. */
  putJson(key: string, value: unknown): Promise<void>
  /** A URL that anyone may GET for so many seconds. */
  signedUrl(key: string, expiresIn: number): Promise<string>
  /** Removes what begins with the prefix; removing nothing is fine. */
  removeAll(prefix: string, signal?: AbortSignal): Promise<void>
  /** Aborts an upload that its owner cannot abort any more; one that is gone already is fine. */
  abortUpload(key: string, uploadId: string, signal?: AbortSignal): Promise<void>
  /**
   * Aborts every upload under the prefix, also those whose id nobody noted; with `before`, those that began earlier.
   * False: the server cannot list uploads, and nothing was done.
   */
  abortUploads(prefix: string, which?: { readonly before?: Date; readonly signal?: AbortSignal }): Promise<boolean>
  /** @throws WaybillError when the bucket cannot be used */
  check(signal: AbortSignal): Promise<void>
  close(): void
}

/** S3's own limits: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
const MAX_PARTS = 10_000
const MAX_OBJECT_BYTES = 5 * 1024 ** 4

/** How servers say that they have no ListMultipartUploads, or not for us. */
const CANNOT_LIST: ReadonlySet<string> = new Set(['NotImplemented', 'MethodNotAllowed', 'AccessDenied'])

/** Milliseconds that an upload which was stopped may take to say goodbye to a storage that may hang. */
const GOODBYE_TIMEOUT = 2_000

/** The planner errs: plan for files this many times larger than it guesses before parts run out. */
const ESTIMATE_MARGIN = 10

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

  const abortOne = async (key: string, uploadId: string, options: { abortSignal?: AbortSignal } = {}) => {
    const command = new AbortMultipartUploadCommand({ Bucket: bucket, Key: key, UploadId: uploadId })
    try {
      await client.send(command, options)
    } catch (error) {
      if (!(error instanceof Error && error.name === 'NoSuchUpload')) throw error
    }
  }

  return {
    async put(key, body, { contentType, filename, signal, estimatedBytes, onProgress, onUploadStarted }) {
      signal.throwIfAborted()
      const meter = createMeter(body, onProgress)
      const stream = Readable.from(meter.chunks(), { objectMode: false })
      const stopped = new AbortController()
      let failure: unknown
      // lib-storage goes on reading the body after a part has failed, and knows no signal for the requests on
      // their way: whatever ends this upload must end both. The first reason is the one to report.
      const stop = (reason: unknown) => {
        if (failure !== undefined) return
        failure = reason
        stopped.abort(reason)
        stream.destroy(reason instanceof Error ? reason : new Error(String(reason)))
      }
      const onAbort = () => stop(signal.reason)
      signal.addEventListener('abort', onAbort)
      stream.on('error', stop)
      let uploadId: string | undefined
      let isOver = false
      // lib-storage aborts only an upload that it has learned of, and only when the body lets it come to that.
      const abortUpload = async () => {
        if (uploadId === undefined) return
        const upload = new AbortMultipartUploadCommand({ Bucket: bucket, Key: key, UploadId: uploadId })
        // What cannot be aborted now is swept later, and is not what went wrong.
        await client.send(upload, { abortSignal: AbortSignal.timeout(GOODBYE_TIMEOUT) }).catch(() => undefined)
      }
      // This request is never cut off: the server would have begun an upload whose id nobody knows.
      const begin = async (command: CreateMultipartUploadCommand) => {
        const answer = await client.send(command)
        uploadId = answer.UploadId
        if (isOver) await abortUpload()
        if (failure !== undefined) throw failure
        if (uploadId !== undefined) await onUploadStarted?.(uploadId)
        return answer
      }
      const uploadClient: S3Client = Object.create(client, {
        send: {
          value: async (command: Parameters<S3Client['send']>[0]) => {
            const isAbort = command instanceof AbortMultipartUploadCommand
            try {
              if (command instanceof CreateMultipartUploadCommand) return await begin(command)
              return await client.send(command, isAbort ? {} : { abortSignal: stopped.signal })
            } catch (error) {
              if (!isAbort) stop(error)
              throw error
            }
          },
        },
      })
      try {
        const upload = new Upload({
          client: uploadClient,
          partSize: choosePartSize(options.partSize, estimatedBytes),
          queueSize: options.uploadConcurrency,
          params: {
            Bucket: bucket,
            Key: key,
            Body: stream,
            ContentType: contentType,
            ContentDisposition: `attachment; filename="${filename}"`,
            ChecksumType: 'FULL_OBJECT',
          },
        })
        // What cannot be aborted in time is on record, and swept later.
        const { ETag } = await Promise.race([upload.done(), rejectAfter(stopped.signal, GOODBYE_TIMEOUT)])
        if (failure !== undefined) throw failure
        const stored = meter.total()
        await verify(client, bucket, key, ETag, stored, stopped.signal)
        return { bytes: stored.bytes, sha256: stored.sha256 }
      } catch (error) {
        stop(error)
        isOver = true
        await abortUpload()
        throw signal.aborted ? signal.reason : storageError(failure ?? error)
      } finally {
        signal.removeEventListener('abort', onAbort)
      }
    },

    putJson: (key, value) =>
      guarded(async () => {
        await client.send(
          new PutObjectCommand({
            Bucket: bucket,
            Key: key,
            Body: Buffer.from(`${JSON.stringify(value, null, 2)}\n`),
            ContentType: 'application/json',
          }),
        )
      }),

    signedUrl: (key, expiresIn) =>
      guarded(() => getSignedUrl(publicClient, new GetObjectCommand({ Bucket: bucket, Key: key }), { expiresIn })),

    removeAll: (prefix, signal) =>
      guarded(async () => {
        const options = signal === undefined ? {} : { abortSignal: signal }
        let token: string | undefined
        do {
          const list = new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, ContinuationToken: token })
          const page = await client.send(list, options)
          for (const { Key } of page.Contents ?? []) {
            await client.send(new DeleteObjectCommand({ Bucket: bucket, Key }), options)
          }
          token = page.NextContinuationToken
        } while (token !== undefined)
      }),

    abortUpload: (key, uploadId, signal) =>
      guarded(() => abortOne(key, uploadId, signal === undefined ? {} : { abortSignal: signal })),

    abortUploads: (prefix, { before, signal } = {}) =>
      guarded(async () => {
        const options = signal === undefined ? {} : { abortSignal: signal }
        let markers: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } = {}
        for (;;) {
          let page: ListMultipartUploadsCommandOutput
          try {
            const list = new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: prefix, ...markers })
            page = await client.send(list, options)
          } catch (error) {
            if (error instanceof Error && CANNOT_LIST.has(error.name)) return false
            throw error
          }
          for (const { Key, UploadId, Initiated } of page.Uploads ?? []) {
            const isMeant = before === undefined || (Initiated !== undefined && Initiated < before)
            if (isMeant && Key !== undefined && UploadId !== undefined) await abortOne(Key, UploadId, options)
          }
          if (!page.IsTruncated) return true
          markers = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker }
        }
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

/** Rejects so many milliseconds after the signal has aborted; never before. */
function rejectAfter(signal: AbortSignal, milliseconds: number): Promise<never> {
  return new Promise((_resolve, reject) => {
    const wait = () => setTimeout(() => reject(signal.reason), milliseconds).unref()
    signal.addEventListener('abort', wait, { once: true })
  })
}

/** The smallest part size that lets a file of this size through, in whole MiB. */
export function choosePartSize(smallest: number, estimatedBytes: number): number {
  const needed = Math.ceil((Math.min(estimatedBytes, MAX_OBJECT_BYTES) * ESTIMATE_MARGIN) / MAX_PARTS)
  const largest = Math.ceil(MAX_OBJECT_BYTES / MAX_PARTS)
  const mebibyte = 1024 ** 2
  return Math.ceil(Math.max(smallest, Math.min(needed, largest)) / mebibyte) * mebibyte
}

interface Total extends StoredObject {
  /** As S3 writes it: big-endian, base64. */
  readonly crc32: string
}

/** Counts and hashes a body while it passes. */
function createMeter(body: AsyncIterable<Uint8Array>, onProgress?: (bytes: number) => void) {
  const hash = createHash('sha256')
  let bytes = 0
  let checksum = 0
  return {
    async *chunks(): AsyncGenerator<Uint8Array, void, void> {
      for await (const chunk of body) {
        hash.update(chunk)
        checksum = crc32(chunk, checksum)
        bytes += chunk.byteLength
        onProgress?.(bytes)
        yield chunk
      }
    },
    total(): Total {
      const encoded = Buffer.alloc(4)
      encoded.writeUInt32BE(checksum)
      return { bytes, sha256: hash.digest('hex'), crc32: encoded.toString('base64') }
    },
  }
}

/**
 * Compares what the bucket says it holds with what was sent: the length and the version always, the checksum
 * of the whole object where the server keeps one
 * (https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html).
 */
async function verify(
  client: S3Client,
  bucket: string,
  key: string,
  etag: string | undefined,
  sent: Total,
  signal: AbortSignal,
): Promise<void> {
  const held = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: key, ChecksumMode: 'ENABLED' }), {
    abortSignal: signal,
  })
  const sameChecksum =
    held.ChecksumCRC32 === undefined || held.ChecksumType !== 'FULL_OBJECT' || held.ChecksumCRC32 === sent.crc32
  if (held.ContentLength !== sent.bytes || held.ETag !== etag || !sameChecksum) {
    throw new WaybillError(
      'STORAGE_MISMATCH',
      `The bucket holds ${held.ContentLength} bytes, ${sent.bytes} were sent; ETag ${held.ETag}, ${etag} expected.`,
    )
  }
}
