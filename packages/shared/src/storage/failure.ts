// Finds what went wrong in S3, and which setting mends it, in the many forms in which the SDK and the servers report it.
import { type ErrorCode, WaybillError } from '../vocabulary/errors.ts'

interface Meaning {
  readonly code: ErrorCode
  /** What is wrong and which setting mends it. Absent: the message of the server says it best. */
  readonly detail?: string
}

const REGION: Meaning = { code: 'STORAGE_MISCONFIGURED', detail: 'The bucket is in another region than S3_REGION.' }
const TOKEN: Meaning = {
  code: 'STORAGE_ACCESS_DENIED',
  detail: 'The session token is not valid or has expired: renew S3_SESSION_TOKEN, or let S3_ROLE_ARN renew it.',
}
const TLS_PORT: Meaning = {
  code: 'STORAGE_MISCONFIGURED',
  detail: 'The server does not answer in TLS: S3_ENDPOINT begins with https://, but its port takes plain http.',
}
const CERTIFICATE: Meaning = {
  code: 'STORAGE_MISCONFIGURED',
  detail:
    "The server's certificate is not trusted: put the certificate of its authority into a file, and name the file in NODE_EXTRA_CA_CERTS.",
}
const QUOTA: Meaning = { code: 'STORAGE_FULL' }
/** The operator of the server will free space, so exports wait for it. A quota is not waited for. */
const DISK_FULL: Meaning = {
  code: 'STORAGE_UNAVAILABLE',
  detail: 'The object storage is unavailable: its disk is full.',
}
/** The data was damaged or cut off on its way. */
const DAMAGED: Meaning = { code: 'STORAGE_MISMATCH' }
const BUSY: Meaning = { code: 'STORAGE_UNAVAILABLE' }
const KMS: Meaning = {
  code: 'STORAGE_MISCONFIGURED',
  detail: 'The storage cannot use the encryption key: check S3_SSE, S3_SSE_KMS_KEY_ID and the permissions of the key.',
}

/** Names of errors of S3 and of compatible servers, and codes of Node's sockets and TLS. */
const BY_NAME: ReadonlyMap<string, Meaning> = new Map<string, Meaning>([
  ['NoSuchBucket', { code: 'STORAGE_BUCKET_MISSING' }],
  ['AccessDenied', { code: 'STORAGE_ACCESS_DENIED' }],
  ['AllAccessDisabled', { code: 'STORAGE_ACCESS_DENIED' }],
  ['AccountProblem', { code: 'STORAGE_ACCESS_DENIED' }],
  [
    'InvalidAccessKeyId',
    { code: 'STORAGE_ACCESS_DENIED', detail: 'The storage does not know the key in S3_ACCESS_KEY_ID.' },
  ],
  [
    'SignatureDoesNotMatch',
    {
      code: 'STORAGE_ACCESS_DENIED',
      detail:
        'The storage rejects the signature: S3_SECRET_ACCESS_KEY is wrong, or a proxy in front of the storage changes the Host header or the path.',
    },
  ],
  ['ExpiredToken', TOKEN],
  ['ExpiredTokenException', TOKEN],
  ['InvalidToken', TOKEN],
  ['TokenRefreshRequired', TOKEN],
  [
    'CredentialsProviderError',
    {
      code: 'STORAGE_ACCESS_DENIED',
      detail: 'There are no credentials: set S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY, or give the machine a role.',
    },
  ],
  [
    'RequestTimeTooSkewed',
    {
      code: 'STORAGE_MISCONFIGURED',
      detail: 'The clocks of this machine and of the storage differ by more than 15 minutes.',
    },
  ],
  ['AuthorizationHeaderMalformed', REGION],
  ['PermanentRedirect', REGION],
  ['IllegalLocationConstraintException', REGION],
  [
    'InvalidStorageClass',
    { code: 'STORAGE_MISCONFIGURED', detail: 'The storage does not have the class in S3_STORAGE_CLASS.' },
  ],
  ['InvalidTag', { code: 'STORAGE_MISCONFIGURED', detail: 'The storage does not accept the tags in S3_TAGS.' }],
  ['InvalidEncryptionAlgorithmError', KMS],
  ['InvalidEncryptionMethod', KMS],
  ['KMS.NotFoundException', KMS],
  ['KMS.DisabledException', KMS],
  ['KMS.InvalidKeyUsageException', KMS],
  ['KMS.KMSInvalidStateException', KMS],
  ['QuotaExceeded', QUOTA],
  ['InsufficientStorage', DISK_FULL],
  ['XMinioStorageFull', DISK_FULL],
  ['XMinioAdminBucketQuotaExceeded', QUOTA],
  ['EntityTooLarge', { code: 'FILE_TOO_LARGE' }],
  ['BadDigest', DAMAGED],
  ['IncompleteBody', DAMAGED],
  ['InvalidDigest', DAMAGED],
  ['InvalidPart', DAMAGED],
  ['XAmzContentSHA256Mismatch', DAMAGED],
  ['XAmzContentChecksumMismatch', DAMAGED],
  ['RequestTimeout', BUSY],
  ['SlowDown', BUSY],
  ['ThrottlingException', BUSY],
  ['TooManyRequests', BUSY],
  ['EPROTO', TLS_PORT],
  ['ERR_SSL_WRONG_VERSION_NUMBER', TLS_PORT],
  ['ERR_SSL_PACKET_LENGTH_TOO_LONG', TLS_PORT],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', CERTIFICATE],
  ['SELF_SIGNED_CERT_IN_CHAIN', CERTIFICATE],
  ['UNABLE_TO_GET_ISSUER_CERT', CERTIFICATE],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', CERTIFICATE],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', CERTIFICATE],
  ['CERT_HAS_EXPIRED', { code: 'STORAGE_MISCONFIGURED', detail: "The server's certificate has expired." }],
  [
    'ERR_TLS_CERT_ALTNAME_INVALID',
    {
      code: 'STORAGE_MISCONFIGURED',
      detail:
        'The certificate is for another host name. If S3_BUCKET became part of the host name, set S3_FORCE_PATH_STYLE=true.',
    },
  ],
])

/** The server does not do what a request asks. */
const NOT_SUPPORTED: Meaning = { code: 'STORAGE_MISCONFIGURED' }

const BY_STATUS: ReadonlyMap<number, Meaning> = new Map<number, Meaning>([
  [301, REGION],
  [400, NOT_SUPPORTED],
  [401, { code: 'STORAGE_ACCESS_DENIED' }],
  [403, { code: 'STORAGE_ACCESS_DENIED' }],
  [404, { code: 'STORAGE_MISMATCH' }], // an object or upload is missing
  [405, NOT_SUPPORTED],
  [411, NOT_SUPPORTED],
  [413, { code: 'FILE_TOO_LARGE' }],
  [501, NOT_SUPPORTED],
  [507, DISK_FULL],
])

/** The messages of lib-storage and of S3 for a part number above 10,000. Either can be the first to report it. */
const TOO_MANY_PARTS = /^Exceeded \d+ parts|^Part number must be an integer between/

/** The SDK's words for an answer without a text. */
const NO_MESSAGE = new Set(['', 'Unknown', 'UnknownError', 'UnknownError: UnknownError'])

/** How the requests are addressed, for messages that depend on it. */
export interface Addressing {
  readonly bucket: string
  /** Undefined: AWS itself. */
  readonly endpoint: string | undefined
  readonly forcePathStyle: boolean
}

/** Converts an error to a WaybillError. A WaybillError is returned unchanged. */
export function storageError(error: unknown, addressing?: Addressing): WaybillError {
  if (error instanceof WaybillError) return error
  if (!(error instanceof Error)) return new WaybillError('INTERNAL', undefined, { cause: error })
  if (TOO_MANY_PARTS.test(error.message)) return new WaybillError('FILE_TOO_LARGE', undefined, { cause: error })
  const { code, detail } = meaningOf(error)
  const hint = code === 'STORAGE_BUCKET_MISSING' && addressing !== undefined ? pathStyleHint(addressing) : ''
  const text = detail ?? serverText(error, code)
  return new WaybillError(code, text === undefined ? undefined : `${text}${hint}`, { cause: error })
}

/** The host name that virtual hosting makes, when the error says that there is no such host. */
export function missingVirtualHost(error: unknown, { bucket, endpoint, forcePathStyle }: Addressing): boolean {
  if (endpoint === undefined || forcePathStyle) return false
  const { code, hostname } = error as { code?: unknown; hostname?: unknown }
  return code === 'ENOTFOUND' && hostname === `${bucket}.${new URL(endpoint).hostname}`
}

export function virtualHostError(cause: unknown): WaybillError {
  const detail =
    'There is no host whose name is S3_BUCKET and the host of S3_ENDPOINT: set S3_FORCE_PATH_STYLE=true, or add the name to the DNS.'
  return new WaybillError('STORAGE_MISCONFIGURED', detail, { cause })
}

function meaningOf(error: Error): Meaning {
  const { code, $metadata } = error as { code?: unknown; $metadata?: { httpStatusCode?: number } }
  const byName = BY_NAME.get(error.name) ?? (typeof code === 'string' ? BY_NAME.get(code) : undefined)
  if (byName !== undefined) return byName
  // The answer is no HTTP, or a page of HTML.
  if (typeof code === 'string' && code.startsWith('HPE_')) {
    return {
      code: 'STORAGE_MISCONFIGURED',
      detail: 'The server does not answer in HTTP: check the port of S3_ENDPOINT, and whether it needs https://.',
    }
  }
  const status = $metadata?.httpStatusCode
  const byStatus = status === undefined ? undefined : BY_STATUS.get(status)
  if (byStatus !== undefined) return byStatus
  const isFromStorage = '$metadata' in error || '$fault' in error || 'syscall' in error || isTimeout(error)
  return { code: isFromStorage ? 'STORAGE_UNAVAILABLE' : 'INTERNAL' }
}

/** What the server said, without host names. */
function serverText(error: Error, code: ErrorCode): string | undefined {
  if (code === 'INTERNAL') return undefined
  const { code: socketCode, $metadata } = error as { code?: unknown; $metadata?: { httpStatusCode?: number } }
  const status = $metadata?.httpStatusCode
  if (code === 'STORAGE_UNAVAILABLE') {
    const reason = typeof socketCode === 'string' ? socketCode : status === undefined ? error.name : `HTTP ${status}`
    return NO_MESSAGE.has(reason) || reason === 'Error' ? undefined : `The object storage is unavailable: ${reason}.`
  }
  const name = NO_MESSAGE.has(error.name) || error.name === 'Error' ? `HTTP ${status}` : error.name
  return NO_MESSAGE.has(error.message) ? `The storage answered ${name}.` : `${name}: ${error.message}`
}

/** Without virtual hosting, a server takes the first part of the key for the bucket. */
function pathStyleHint({ endpoint, forcePathStyle }: Addressing): string {
  return endpoint === undefined || forcePathStyle ? '' : ' Most servers other than AWS need S3_FORCE_PATH_STYLE=true.'
}

function isTimeout(error: Error): boolean {
  return error.name === 'TimeoutError' || /socket hang up|timed? ?out/i.test(error.message)
}
