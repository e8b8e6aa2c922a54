// Decodes a body in aws-chunked encoding, and checks the signatures of its chunks.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
import { createHash } from 'node:crypto'
import { S3Error } from './errors.ts'
import type { Authorization } from './signature.ts'

export interface ChunkedOptions {
  readonly authorization: Authorization
  /** Called once, after the last byte. */
  readonly onTrailers: (trailers: ReadonlyMap<string, string>) => void
}

const MAX_LINE_BYTES = 16_384
const EMPTY_SHA256 = createHash('sha256').digest('hex')

/**
 * Yields bytes before their signature is checked: the caller must discard them if this throws.
 *
 * @throws S3Error IncompleteBody, SignatureDoesNotMatch
 */
export async function* decodeAwsChunked(
  source: AsyncIterable<Buffer>,
  { authorization, onTrailers }: ChunkedOptions,
): AsyncGenerator<Buffer> {
  const isSigned = authorization.payload.startsWith('STREAMING-AWS4-HMAC-SHA256-PAYLOAD')
  const reader = createReader(source)
  for (;;) {
    const head = /^([0-9a-f]{1,16})(?:;chunk-signature=([0-9a-f]{64}))?$/i.exec(await reader.line())
    if (head === null) throw new S3Error('IncompleteBody', 'The body is not in aws-chunked encoding.')
    const size = Number.parseInt(head[1] ?? '', 16)
    const hash = isSigned ? createHash('sha256') : undefined
    for await (const bytes of reader.bytes(size)) {
      hash?.update(bytes)
      yield bytes
    }
    if (hash !== undefined) {
      authorization.verifyNext(head[2] ?? '', 'AWS4-HMAC-SHA256-PAYLOAD', [EMPTY_SHA256, hash.digest('hex')])
    }
    if (size === 0) break
    if ((await reader.line()) !== '') throw new S3Error('IncompleteBody')
  }
  const trailers = new Map<string, string>()
  let signature = ''
  for (let line = await reader.line(); line !== ''; line = await reader.line()) {
    const [name = '', ...value] = line.split(':')
    if (name.toLowerCase() === 'x-amz-trailer-signature') signature = value.join(':').trim()
    else trailers.set(name.toLowerCase(), value.join(':').trim())
  }
  if (isSigned && authorization.payload.endsWith('-TRAILER')) {
    const canonical = [...trailers].map(([name, value]) => `${name}:${value}\n`).join('')
    authorization.verifyNext(signature, 'AWS4-HMAC-SHA256-TRAILER', [
      createHash('sha256').update(canonical).digest('hex'),
    ])
  }
  onTrailers(trailers)
}

/** Reads lines and blocks of bytes from chunks of any size, without copying the blocks. */
function createReader(source: AsyncIterable<Buffer>) {
  const iterator = source[Symbol.asyncIterator]()
  let rest: Buffer = Buffer.alloc(0)
  const more = async () => {
    const next = await iterator.next()
    if (next.done === true) throw new S3Error('IncompleteBody')
    return next.value
  }
  return {
    async line(): Promise<string> {
      for (let end = rest.indexOf('\r\n'); ; end = rest.indexOf('\r\n')) {
        if (end >= 0) {
          const line = rest.toString('latin1', 0, end)
          rest = rest.subarray(end + 2)
          return line
        }
        if (rest.length > MAX_LINE_BYTES)
          throw new S3Error('IncompleteBody', 'The body is not in aws-chunked encoding.')
        rest = Buffer.concat([rest, await more()])
      }
    },
    async *bytes(count: number): AsyncGenerator<Buffer> {
      for (let left = count; left > 0; ) {
        if (rest.length === 0) rest = await more()
        const bytes = rest.subarray(0, left)
        rest = rest.subarray(bytes.length)
        left -= bytes.length
        yield bytes
      }
    },
  }
}
