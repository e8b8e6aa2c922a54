// Uploads one object in parts, whole or not at all, on top of lib-storage.
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { delayedAbort } from '../async/abort.ts'
import { WaybillError } from '../vocabulary/errors.ts'
import { abortUpload, abortUploads } from './open-uploads.ts'
import { choosePartSize } from './part-size.ts'
import { cutIntoParts, type StoredObject, type Total } from './parts.ts'

export type { StoredObject }

export interface PutOptions {
  readonly contentType: string
  /** The file name for browsers, in ASCII without quotes. */
  readonly filename: string
  readonly signal: AbortSignal
  /** An estimate, for the part size; 0 if unknown. */
  readonly estimatedBytes: number
  /** Called with the number of bytes read from the body. */
  readonly onProgress?: (bytes: number) => void
  /** Awaited before the first part is sent, so that the upload is recorded before a crash. */
  readonly onUploadStarted?: (uploadId: string) => Promise<void>
  /** Called with what the answers of the server allowed to compare, beside the length. */
  readonly onVerified?: (compared: Compared) => void
}

export interface Compared {
  /** The ETag of the finished upload. */
  readonly version: boolean
  /** The checksum of the whole object. */
  readonly checksum: boolean
}

export interface UploadTarget {
  readonly client: S3Client
  readonly bucket: string
  readonly key: string
  /** The minimum size of a part in bytes. */
  readonly partSize: number
  /** Parts that are uploaded concurrently. */
  readonly concurrency: number
  /** Of the object: encryption, storage class, tags. */
  readonly params: Partial<PutObjectCommandInput>
  /** Whether the server gets a checksum of the whole object. */
  readonly checksums: boolean
  /** Gives an error its code. */
  readonly explain: (error: unknown) => Promise<WaybillError>
}

/** For an upload that was stopped to be aborted: a storage that hangs must not keep it. */
const ABORT_TIMEOUT_MS = 2_000

/**
 * A request that creates an object cannot be undone. If it were interrupted, the storage might still execute it after the objects
 * of the attempt were removed. So it gets this time to end after an abort, but not longer, because the storage may hang.
 */
export const COMPLETION_GRACE_MS = 500

/** {@link Storage.put} */
export async function upload(
  { client, bucket, key, partSize, concurrency, params, checksums, explain }: UploadTarget,
  body: AsyncIterable<Uint8Array>,
  { contentType, filename, signal, estimatedBytes, onProgress, onUploadStarted, onVerified }: PutOptions,
): Promise<StoredObject> {
  signal.throwIfAborted()
  const chosenPartSize = choosePartSize(partSize, estimatedBytes)
  const stopped = new AbortController()
  const { pieces, total, crc32Of } = cutIntoParts(body, chosenPartSize, { signal: stopped.signal, onProgress })
  const landed = delayedAbort(stopped.signal, COMPLETION_GRACE_MS)
  let failure: unknown
  let failStream: (reason: unknown) => void = () => undefined
  // lib-storage goes on reading the body after a part has failed, and knows no signal for the requests on
  // their way: whatever ends this upload must end both. The first reason is the one to report.
  const stop = (reason: unknown) => {
    if (failure !== undefined) return
    failure = reason
    stopped.abort(reason)
    failStream(reason)
    // A body that hangs ends its pending read first, perhaps never.
    pieces.return().catch(() => undefined)
  }
  const onAbort = () => stop(signal.reason)
  signal.addEventListener('abort', onAbort)
  // A web stream, as it reads nothing ahead: a piece is valid until the next is asked for.
  const stream = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        failStream = (reason) => controller.error(reason)
      },
      async pull(controller) {
        try {
          const { done, value } = await pieces.next()
          if (failure !== undefined) return
          if (done) controller.close()
          else controller.enqueue(value)
        } catch (error) {
          stop(error)
        }
      },
    },
    { highWaterMark: 0 },
  )
  let uploadId: string | undefined
  let mayHaveBegunOthers = false
  let isOver = false
  // The reconciler aborts the upload later. This error is not the cause of the failure.
  const inTime = async (work: (signal: AbortSignal) => Promise<unknown>) =>
    void (await work(AbortSignal.timeout(ABORT_TIMEOUT_MS)).catch(() => undefined))
  // lib-storage aborts an upload only if it knows its id, and only after a read of the body.
  const abort = async () => {
    const id = uploadId
    if (id !== undefined) await inTime((signal) => abortUpload({ client, bucket }, key, id, signal))
  }
  // This request is never interrupted, because the server could then have an upload with an unknown id.
  const begin = async (command: CreateMultipartUploadCommand) => {
    const answer = await client.send(command)
    uploadId = answer.UploadId
    mayHaveBegunOthers = (answer.$metadata.attempts ?? 1) > 1
    if (isOver) await abort()
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
          // The SDK would compute the checksums once more.
          if (checksums && command instanceof UploadPartCommand)
            command.input.ChecksumCRC32 = crc32Of(command.input.PartNumber ?? 0)
          if (checksums && command instanceof PutObjectCommand) command.input.ChecksumCRC32 = total().crc32
          const makesObject = command instanceof PutObjectCommand || command instanceof CompleteMultipartUploadCommand
          return await client.send(command, isAbort ? {} : { abortSignal: makesObject ? landed : stopped.signal })
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
      partSize: chosenPartSize,
      queueSize: concurrency,
      params: {
        Bucket: bucket,
        Key: key,
        Body: stream,
        ContentType: contentType,
        ContentDisposition: `attachment; filename="${filename}"`,
        ...(checksums ? { ChecksumType: 'FULL_OBJECT' } : {}),
        ...params,
      },
    })
    // An upload that cannot be aborted in time is recorded, and the reconciler aborts it later.
    const late = rejection(delayedAbort(stopped.signal, ABORT_TIMEOUT_MS))
    const { ETag, ChecksumCRC32 } = await Promise.race([upload.done(), late])
    if (failure !== undefined) throw failure
    const stored = total()
    // A server that answers one PUT with the checksum of its bytes has said what a HEAD would say.
    const isVerified = onVerified === undefined && uploadId === undefined && ChecksumCRC32 === stored.crc32
    if (!isVerified) {
      const compared = await verify(client, bucket, key, ETag, stored, stopped.signal)
      onVerified?.(compared)
    }
    // A request without a response may have started another upload. This one is complete, so abort all others.
    if (mayHaveBegunOthers) await inTime((signal) => abortUploads({ client, bucket }, key, { signal }))
    return { bytes: stored.bytes, sha256: stored.sha256 }
  } catch (error) {
    stop(error)
    isOver = true
    await abort()
    throw signal.aborted ? signal.reason : await explain(failure ?? error)
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

/** Never resolves. Rejects with the reason when the signal aborts. */
function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

/**
 * Compares what the bucket says it holds with what was sent: the length always; the version where both answers have one
 * (Ceph before 17 completes an upload without naming it); the checksum of the whole object where the server keeps one
 * (https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html).
 */
async function verify(
  client: S3Client,
  bucket: string,
  key: string,
  etag: string | undefined,
  sent: Total,
  signal: AbortSignal,
): Promise<Compared> {
  const held = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: key, ChecksumMode: 'ENABLED' }), {
    abortSignal: signal,
  })
  const [heldVersion, sentVersion] = [bareEtag(held.ETag), bareEtag(etag)]
  const compared = {
    version: heldVersion !== '' && sentVersion !== '',
    checksum: held.ChecksumCRC32 !== undefined && held.ChecksumType === 'FULL_OBJECT',
  }
  const sameVersion = !compared.version || heldVersion === sentVersion
  const sameChecksum = !compared.checksum || held.ChecksumCRC32 === sent.crc32
  if (held.ContentLength !== sent.bytes || !sameVersion || !sameChecksum) {
    const checksum = sameChecksum ? '' : `; CRC32 ${held.ChecksumCRC32}, ${sent.crc32} expected`
    throw new WaybillError(
      'STORAGE_MISMATCH',
      `The bucket holds ${held.ContentLength} bytes, ${sent.bytes} were sent; ETag ${held.ETag}, ${etag} expected${checksum}.`,
    )
  }
  return compared
}

/** Some servers write it with quotes in one answer and without them in another. */
function bareEtag(etag: string | undefined): string {
  return (etag ?? '').replaceAll('"', '')
}
