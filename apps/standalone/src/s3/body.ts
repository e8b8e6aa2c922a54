// Receives the body of a request: decodes it, hashes it, and compares it with what the client announced.
import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { decodeAwsChunked } from './aws-chunked.ts'
import type { Call } from './call.ts'
import { ALGORITHMS, type Algorithm, createDigest } from './checksum.ts'
import { writeAll } from './disk/bucket.ts'
import { S3Error } from './errors.ts'

export interface Received {
  readonly size: number
  /** In hex. */
  readonly md5: string
  /** The checksum that the client sent in a header or trailer. It matches the bytes. */
  readonly checksum: { readonly algorithm: Algorithm; readonly value: string } | undefined
}

type Sink = (chunks: Buffer[]) => Promise<void>

/** The limit of S3 for a part, and for an object in one request. */
const MAX_BODY_BYTES = 5 * 1024 ** 3
const MAX_XML_BYTES = 4 * 1024 ** 2
/** Bytes per write to the file. Node reads 64 KiB at a time, which would make many small writes. */
const WRITE_BYTES = 1024 ** 2

/** Length of the decoded body in bytes. @throws S3Error */
export function bodyLength(call: Call): number {
  const isChunked = call.authorization.payload.startsWith('STREAMING-')
  const announced = call.header(isChunked ? 'x-amz-decoded-content-length' : 'content-length')
  if (announced === undefined || !/^\d+$/.test(announced)) throw new S3Error('MissingContentLength')
  if (Number(announced) > MAX_BODY_BYTES) throw new S3Error('EntityTooLarge')
  return Number(announced)
}

/** Writes the body to the file, from this position on. @throws S3Error: the caller must discard the bytes then */
export async function receiveFile(call: Call, file: FileHandle, position: number): Promise<Received> {
  let end = position
  return receive(call, async (chunks) => {
    end += await writeAll(file, chunks, end)
  })
}

/** Reads the body as an XML document. @throws S3Error */
export async function receiveXml(call: Call): Promise<string> {
  if (bodyLength(call) > MAX_XML_BYTES) throw new S3Error('EntityTooLarge')
  const all: Buffer[] = []
  await receive(call, async (chunks) => void all.push(...chunks))
  return Buffer.concat(all).toString()
}

async function receive(call: Call, sink: Sink): Promise<Received> {
  const { authorization } = call
  const length = bodyLength(call)
  const md5 = createHash('md5')
  const sha256 = /^[0-9a-f]{64}$/.test(authorization.payload) ? createHash('sha256') : undefined
  const announced = announcedChecksum(call)
  const digest = announced && createDigest(announced.algorithm)
  let trailers: ReadonlyMap<string, string> = new Map()
  const onTrailers = (found: ReadonlyMap<string, string>) => {
    trailers = found
  }
  const isChunked = authorization.payload.startsWith('STREAMING-')
  call.acceptBody()
  // The connection must survive an error in the body, because it carries the response.
  const sent: AsyncIterable<Buffer> = call.request.iterator({ destroyOnReturn: false })
  const body = isChunked ? decodeAwsChunked(sent, { authorization, onTrailers }) : sent

  let size = 0
  let pending: Buffer[] = []
  let pendingBytes = 0
  for await (const chunk of body) {
    md5.update(chunk)
    sha256?.update(chunk)
    digest?.update(chunk)
    size += chunk.length
    if (size > length) throw new S3Error('IncompleteBody')
    pending.push(chunk)
    pendingBytes += chunk.length
    if (pendingBytes < WRITE_BYTES) continue
    await sink(pending)
    pending = []
    pendingBytes = 0
  }
  if (pending.length > 0) await sink(pending)

  if (size !== length) throw new S3Error('IncompleteBody')
  if (sha256 !== undefined && sha256.digest('hex') !== authorization.payload) {
    throw new S3Error('XAmzContentSHA256Mismatch')
  }
  const md5Hex = md5.digest('hex')
  const contentMd5 = call.header('content-md5')
  if (contentMd5 !== undefined && contentMd5 !== Buffer.from(md5Hex, 'hex').toString('base64')) {
    throw new S3Error('BadDigest')
  }
  if (announced === undefined || digest === undefined) return { size, md5: md5Hex, checksum: undefined }
  const value = digest.end()
  if (value !== (announced.value ?? trailers.get(announced.name))) throw new S3Error('BadDigest')
  return { size, md5: md5Hex, checksum: { algorithm: announced.algorithm, value } }
}

interface Announced {
  readonly algorithm: Algorithm
  readonly name: string
  /** Undefined: the trailer with this name has it. */
  readonly value: string | undefined
}

function announcedChecksum(call: Call): Announced | undefined {
  const trailer = call.header('x-amz-trailer')?.toLowerCase()
  const found = ALGORITHMS.flatMap((algorithm): Announced[] => {
    const name = `x-amz-checksum-${algorithm.toLowerCase()}`
    const value = call.header(name)
    return value === undefined && trailer !== name ? [] : [{ algorithm, name, value }]
  })
  if (found.length > 1) throw new S3Error('InvalidRequest', 'More than one checksum was sent.')
  if (trailer !== undefined && found.length === 0) throw new S3Error('InvalidRequest', `Unknown trailer ${trailer}.`)
  return found[0]
}
