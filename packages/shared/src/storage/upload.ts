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
  /** What a browser saves the object as; ASCII without quotes. */
  readonly filename: string
  readonly signal: AbortSignal
  /** A guess, to choose parts large enough; 0 when unknown. */
  readonly estimatedBytes: number
  /** Called with the bytes read from the body so far. */
  readonly onProgress?: (bytes: number) => void
  /** Awaited before the first part is sent, so that a crash leaves a trace of the open upload. */
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
  /** Bytes of a part at least. */
  readonly partSize: number
  /** Parts on their way at once. */
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
 * A request that makes an object cannot be taken back: cut off, it may still be carried out, after what the attempt wrote
 * has been removed. It may end within so many milliseconds; a storage that hangs is not waited for longer.
 */
export const LANDING_TIME = 500

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
  const landed = delayedAbort(stopped.signal, LANDING_TIME)
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
  // What cannot be aborted now is swept later, and is not what went wrong.
  const inTime = async (work: (signal: AbortSignal) => Promise<unknown>) =>
    void (await work(AbortSignal.timeout(ABORT_TIMEOUT_MS)).catch(() => undefined))
  // lib-storage aborts only an upload that it has learned of, and only when the body lets it come to that.
  const abort = async () => {
    const id = uploadId
    if (id !== undefined) await inTime((signal) => abortUpload({ client, bucket }, key, id, signal))
  }
  // This request is never cut off: the server would have begun an upload whose id nobody knows.
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
    // What cannot be aborted in time is on record, and swept later.
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
    // A request whose answer was lost has begun an upload, too. This one is complete: whatever is open is of no use.
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

/** Never resolves; rejects with the reason when the signal aborts. */
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
