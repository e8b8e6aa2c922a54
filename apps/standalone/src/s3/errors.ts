// The errors of the server: the codes of S3 with their status, message and XML.
// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
import { element, text } from './xml.ts'

const ERRORS = {
  AccessDenied: [403, 'Access denied.'],
  AuthorizationHeaderMalformed: [400, 'The Authorization header or the X-Amz query parameters are malformed.'],
  BadDigest: [400, 'The checksum or the Content-MD5 does not match the body.'],
  EntityTooLarge: [400, 'The body is larger than the operation allows.'],
  IncompleteBody: [400, 'The body is shorter or longer than announced.'],
  InsufficientStorage: [507, 'There is no space left on the disk of the embedded S3 server.'],
  InternalError: [500, 'The embedded S3 server failed.'],
  InvalidAccessKeyId: [403, 'The access key is not the one of this server.'],
  InvalidArgument: [400, 'An argument is invalid.'],
  InvalidBucketName: [400, 'The bucket name is invalid.'],
  InvalidPart: [400, 'A part was not uploaded, or has another ETag or checksum.'],
  InvalidPartOrder: [400, 'The parts are not in ascending order.'],
  InvalidRange: [416, 'The range is not within the object.'],
  InvalidRequest: [400, 'The request is invalid.'],
  InvalidURI: [400, 'The path cannot be used as a bucket and a key.'],
  KeyTooLongError: [400, 'The key is longer than 1024 bytes.'],
  MalformedXML: [400, 'The XML of the body is not what the operation expects.'],
  MissingContentLength: [411, 'The Content-Length header is required.'],
  NoSuchBucket: [404, 'The bucket does not exist.'],
  NoSuchKey: [404, 'The key does not exist.'],
  NoSuchUpload: [404, 'The multipart upload does not exist. It may have been completed or aborted.'],
  NotImplemented: [501, 'The embedded S3 server does not implement this operation.'],
  PreconditionFailed: [412, 'A precondition does not hold.'],
  RequestTimeTooSkewed: [403, 'The time of the request differs from the time of the server by more than 15 minutes.'],
  SignatureDoesNotMatch: [403, 'The signature does not match the request.'],
  XAmzContentSHA256Mismatch: [400, 'The body does not have the SHA-256 of the x-amz-content-sha256 header.'],
} as const satisfies Record<string, readonly [status: number, message: string]>

export type S3ErrorCode = keyof typeof ERRORS

export class S3Error extends Error {
  readonly code: S3ErrorCode

  constructor(code: S3ErrorCode, message: string = ERRORS[code][1], options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }

  get status(): number {
    return ERRORS[this.code][0]
  }

  get xml(): string {
    return element('Error', text('Code', this.code), text('Message', this.message))
  }
}

/** Maps errors of the file system and of Node to errors of S3. */
export function toS3Error(error: unknown): S3Error {
  if (error instanceof S3Error) return error
  const code = codeOf(error)
  if (code === 'ENOSPC' || code === 'EDQUOT') return new S3Error('InsufficientStorage', undefined, { cause: error })
  if (code === 'EFBIG') return new S3Error('EntityTooLarge', undefined, { cause: error })
  if (code === 'ERR_INVALID_CHAR')
    return new S3Error('InvalidArgument', 'A header value has characters that HTTP forbids.')
  return new S3Error('InternalError', code && `The embedded S3 server failed: ${code}.`, { cause: error })
}

export function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code
}
