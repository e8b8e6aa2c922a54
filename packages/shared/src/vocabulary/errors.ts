// The one error class and the one table of its codes: what each means to HTTP, to a retry and to a person.

/** What a code means. `status` is for the API, `retryable` for the worker, `advice` for whoever reads it. */
export interface ErrorKind {
  readonly status: number
  readonly retryable: boolean
  readonly title: string
  readonly advice: string
}

/** Stable: clients and operators match on these. Documented in docs/errors.md. */
export const ERRORS = {
  // The caller's side.
  BODY_NOT_JSON: {
    status: 400,
    retryable: false,
    title: 'The body is not JSON',
    advice: 'Send one JSON object, encoded in UTF-8.',
  },
  REQUEST_MALFORMED: {
    status: 400,
    retryable: false,
    title: 'The request is not HTTP',
    advice: 'Send a request that conforms to HTTP/1.1.',
  },
  UNAUTHENTICATED: {
    status: 401,
    retryable: false,
    title: 'No valid credentials',
    advice: 'Send an API key or an access token that is valid now as "Authorization: Bearer <token>".',
  },
  FORBIDDEN: {
    status: 403,
    retryable: false,
    title: 'Not allowed',
    advice: 'Ask an administrator for a key or a role with the rights this needs.',
  },
  NOT_FOUND: { status: 404, retryable: false, title: 'Not found', advice: 'Check the address and the id.' },
  METHOD_NOT_ALLOWED: {
    status: 405,
    retryable: false,
    title: 'Method not allowed',
    advice: 'Use one of the methods named in the Allow header.',
  },
  REQUEST_TIMEOUT: {
    status: 408,
    retryable: true,
    title: 'The request took too long to arrive',
    advice: 'Send the whole request at once; the limits are HTTP_HEADERS_TIMEOUT and HTTP_REQUEST_TIMEOUT.',
  },
  EXPORT_NOT_READY: {
    status: 409,
    retryable: true,
    title: 'The export has no file yet',
    advice: 'Poll the export until its status is "completed".',
  },
  EXPORT_WITHOUT_FILE: {
    status: 409,
    retryable: false,
    title: 'The export ended without a file',
    advice: 'See the error of the export, then ask for a new one.',
  },
  EXPORT_STILL_ACTIVE: {
    status: 409,
    retryable: true,
    title: 'The export is still at work',
    advice: 'Wait until it has ended, then remove it.',
  },
  EXPORT_ENDED: {
    status: 409,
    retryable: false,
    title: 'The export has already ended',
    advice: 'There is nothing left to cancel; remove the file with DELETE if it is not wanted.',
  },
  API_KEY_ENDED: {
    status: 409,
    retryable: false,
    title: 'The key has ended',
    advice: 'Make a new one; one that has only expired can be given another "expiresAt".',
  },
  API_KEY_OF_SETTINGS: {
    status: 409,
    retryable: false,
    title: 'The key belongs to the settings',
    advice: 'Change BOOTSTRAP_API_KEY and restart; it can also be revoked here, for good.',
  },
  LAST_ADMIN_KEY: {
    status: 409,
    retryable: false,
    title: 'It is the last key of an administrator',
    advice:
      'Make another admin key first; without one, nobody could change any key but the operator with "npm run keys".',
  },
  EXPORT_EXPIRED: {
    status: 410,
    retryable: false,
    title: 'The file has been removed',
    advice: 'Ask for a new export: files are kept for a limited time.',
  },
  BODY_TOO_LARGE: {
    status: 413,
    retryable: false,
    title: 'The body is too large',
    advice: 'A request is at most 100 kB.',
  },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    retryable: false,
    title: 'Unsupported media type',
    advice: 'Send "Content-Type: application/json".',
  },
  VALIDATION_FAILED: {
    status: 422,
    retryable: false,
    title: 'The request is not valid',
    advice: 'Correct the fields named in "errors".',
  },
  IDEMPOTENCY_KEY_REUSED: {
    status: 422,
    retryable: false,
    title: 'The idempotency key belongs to another request',
    advice: 'Use a new key for a new request; repeat a request with the very same body.',
  },
  RATE_LIMITED: {
    status: 429,
    retryable: true,
    title: 'Too many requests',
    advice: 'Wait for the time in Retry-After; poll an export no more often than its Retry-After says.',
  },
  TOO_MANY_ACTIVE_EXPORTS: {
    status: 429,
    retryable: true,
    title: 'Too many exports at once',
    advice: 'Wait until some of them have ended, then ask again; the limit is MAX_ACTIVE_EXPORTS.',
  },
  HEADERS_TOO_LARGE: {
    status: 431,
    retryable: false,
    title: 'The headers are too large',
    advice: 'The headers of a request are at most 16 kB, the token among them.',
  },
  INTERNAL: {
    status: 500,
    retryable: true,
    title: 'Something went wrong here',
    advice: 'Try again; if it stays, give the operator the id of the request or of the export.',
  },
  DATABASE_UNAVAILABLE: {
    status: 503,
    retryable: true,
    title: 'The database is away',
    advice: 'Try again after the time in Retry-After; the operator checks DATABASE_URL and its server.',
  },

  IDENTITY_PROVIDER_UNAVAILABLE: {
    status: 503,
    retryable: true,
    title: 'The identity provider is away',
    advice:
      'Try again after the time in Retry-After, or use an API key; the operator checks OIDC_ISSUER and its server.',
  },
  WEBHOOKS_NOT_CONFIGURED: {
    status: 503,
    retryable: false,
    title: 'Webhooks are not set up here',
    advice: 'The operator sets WEBHOOK_SECRET_KEYS (see .env.example) for api and worker; until then, poll.',
  },
  WEBHOOK_ENDPOINT_DISABLED: {
    status: 409,
    retryable: false,
    title: 'The webhook endpoint is disabled',
    advice: 'Enable it with PATCH {"enabled": true}, then send again.',
  },

  DATASET_UNKNOWN: {
    status: 422,
    retryable: false,
    title: 'There is no such dataset here',
    advice: 'See GET /v1/datasets; the operator gives api and worker the same version and the same DATASETS.',
  },

  // The source.
  SOURCE_UNAVAILABLE: {
    status: 503,
    retryable: true,
    title: 'The source database is away',
    advice: 'It is retried by itself; the operator checks SOURCE_DATABASE_URL and its server.',
  },
  SOURCE_TIMEOUT: {
    status: 503,
    retryable: true,
    title: 'The source database took too long',
    advice: 'Narrow the filters, or raise SOURCE_STATEMENT_TIMEOUT.',
  },
  SOURCE_ACCESS_DENIED: {
    status: 503,
    retryable: false,
    title: 'The source database refused access',
    advice: 'The operator grants SELECT on the tables of the dataset to the user in SOURCE_DATABASE_URL.',
  },
  SOURCE_TABLE_MISSING: {
    status: 503,
    retryable: false,
    title: 'The source database lacks a table or column of this dataset',
    advice: 'The operator checks that SOURCE_DATABASE_URL names the right database and that its schema is current.',
  },
  SOURCE_QUERY_FAILED: {
    status: 503,
    retryable: false,
    title: 'The source database refused the query',
    advice: 'The operator reads the message: the declaration of the dataset or its data is at fault.',
  },

  // The storage.
  STORAGE_UNAVAILABLE: {
    status: 503,
    retryable: true,
    title: 'The object storage is away',
    advice: 'It is retried by itself; the operator checks S3_ENDPOINT and its server.',
  },
  STORAGE_ACCESS_DENIED: {
    status: 503,
    retryable: false,
    title: 'The object storage refused access',
    advice: 'The operator checks S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY and the policy of the bucket.',
  },
  STORAGE_BUCKET_MISSING: {
    status: 503,
    retryable: false,
    title: 'The bucket does not exist',
    advice: 'The operator creates the bucket named in S3_BUCKET, or corrects the setting.',
  },
  STORAGE_FULL: {
    status: 503,
    retryable: false,
    title: 'The object storage is full',
    advice: 'The operator makes room or raises the quota; then ask for the export again.',
  },
  STORAGE_MISMATCH: {
    status: 503,
    retryable: true,
    title: 'The bucket holds something else than was sent',
    advice: 'It is retried by itself; if it stays, the operator checks the storage server.',
  },
  FILE_TOO_LARGE: {
    status: 422,
    retryable: false,
    title: 'The file is larger than the object storage can hold',
    advice: 'Narrow the filters, or use compression.',
  },

  // The worker.
  REQUESTER_REVOKED: {
    status: 403,
    retryable: false,
    title: 'The key that asked for the export is not valid any more',
    advice: 'It was revoked or has expired before the file was there; ask again with a valid key.',
  },
  REQUESTER_FORBIDDEN: {
    status: 403,
    retryable: false,
    title: 'The key that asked for the export may not have the dataset any more',
    advice: 'Its list of datasets was narrowed before the file was there; ask an administrator.',
  },
  EXPORT_TIMEOUT: {
    status: 503,
    retryable: false,
    title: 'The export took too long',
    advice: 'Narrow the filters, or raise EXPORT_TIMEOUT.',
  },
  WORKER_LOST: {
    status: 503,
    retryable: true,
    title: 'The worker stopped in the middle of the work',
    advice: 'It is retried by itself; the operator looks for a crash or a lack of memory in the log of the worker.',
  },
} as const satisfies Record<string, ErrorKind>

export type ErrorCode = keyof typeof ERRORS

/** One thing that is wrong with a request: `path` as in `filters.dateFrom`. */
export interface FieldError {
  readonly path: string
  readonly message: string
}

interface ErrorOptions {
  readonly cause?: unknown
  readonly errors?: readonly FieldError[]
  readonly retryAfter?: number
}

/** The only error that carries meaning across modules. `message` is fit for a caller's eyes. */
export class WaybillError extends Error {
  override readonly name = 'WaybillError'
  readonly code: ErrorCode
  readonly errors: readonly FieldError[]
  /** Seconds after which another try makes sense, where that is known. */
  readonly retryAfter: number | undefined

  constructor(code: ErrorCode, message?: string, options: ErrorOptions = {}) {
    super(message ?? ERRORS[code].title, 'cause' in options ? { cause: options.cause } : undefined)
    this.code = code
    this.errors = options.errors ?? []
    this.retryAfter = options.retryAfter
  }

  get kind(): ErrorKind {
    return ERRORS[this.code]
  }
}

/** The error as one that carries a code; anything unknown is INTERNAL, its own text kept for the log only. */
export function toWaybillError(error: unknown): WaybillError {
  return error instanceof WaybillError ? error : new WaybillError('INTERNAL', undefined, { cause: error })
}
