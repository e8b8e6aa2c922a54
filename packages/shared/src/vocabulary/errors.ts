// The error class and the table of its codes: HTTP status, whether to retry, and texts for people.

/** What an export needs besides the ledger. */
export const OUTAGES = ['storage', 'source'] as const
export type Outage = (typeof OUTAGES)[number]
/** What a worker needs to run exports. */
export const DEPENDENCIES = [...OUTAGES, 'ledger'] as const
export type Dependency = (typeof DEPENDENCIES)[number]

/** The API uses `status`, the worker uses `retryable` and `outage`, and people read `title` and `advice`. */
export interface ErrorKind {
  readonly status: number
  readonly retryable: boolean
  /** This dependency was unavailable: the export waits for it, and the attempt does not count. */
  readonly outage?: Outage
  readonly title: string
  readonly advice: string
}

/** Size limit of a JSON request body. */
export const MAX_BODY_BYTES = 100_000

/** The codes are stable: clients and operators match on them. docs/errors.md is generated from this table. */
export const ERRORS = {
  // Requests.
  BODY_NOT_JSON: {
    status: 400,
    retryable: false,
    title: 'The body is not JSON',
    advice: 'Send one JSON object, encoded in UTF-8.',
  },
  REQUEST_MALFORMED: {
    status: 400,
    retryable: false,
    title: 'The request is not valid HTTP',
    advice: 'Send a request that conforms to HTTP/1.1.',
  },
  UNAUTHENTICATED: {
    status: 401,
    retryable: false,
    title: 'No valid credentials',
    advice: 'Send a valid API key or access token as "Authorization: Bearer <token>".',
  },
  FORBIDDEN: {
    status: 403,
    retryable: false,
    title: 'Not allowed',
    advice: 'Ask an administrator for a key or role with the required permissions.',
  },
  NOT_FOUND: { status: 404, retryable: false, title: 'Not found', advice: 'Check the path and the id.' },
  METHOD_NOT_ALLOWED: {
    status: 405,
    retryable: false,
    title: 'Method not allowed',
    advice: 'Use one of the methods in the Allow header.',
  },
  REQUEST_TIMEOUT: {
    status: 408,
    retryable: true,
    title: 'The request took too long to arrive',
    advice: 'Send the whole request without pauses. The limits are HTTP_HEADERS_TIMEOUT and HTTP_REQUEST_TIMEOUT.',
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
    advice: 'Read the error of the export, then request a new export.',
  },
  EXPORT_STILL_ACTIVE: {
    status: 409,
    retryable: true,
    title: 'The export is still queued or running',
    advice: 'Wait until it has ended or cancel it, then delete it.',
  },
  EXPORT_ENDED: {
    status: 409,
    retryable: false,
    title: 'The export has already ended',
    advice: 'It can no longer be canceled. To remove its file, use DELETE.',
  },
  API_KEY_ENDED: {
    status: 409,
    retryable: false,
    title: 'The key is revoked or has expired',
    advice: 'Create a new key, or set a new "expiresAt" if the key has only expired.',
  },
  API_KEY_OF_SETTINGS: {
    status: 409,
    retryable: false,
    title: 'The key is defined in the settings',
    advice: 'Change BOOTSTRAP_API_KEY and restart. Revoking the key here is permanent.',
  },
  LAST_ADMIN_KEY: {
    status: 409,
    retryable: false,
    title: 'This is the last administrator key',
    advice: 'Create another admin key first. Without one, only the operator can manage keys, with "npm run keys".',
  },
  EXPORT_EXPIRED: {
    status: 410,
    retryable: false,
    title: 'The file has been removed',
    advice: 'Request a new export. Files are kept for a limited time.',
  },
  BODY_TOO_LARGE: {
    status: 413,
    retryable: false,
    title: 'The body is too large',
    advice: `The limit is ${MAX_BODY_BYTES / 1_000} kB.`,
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
    advice: 'Correct the fields listed in "errors".',
  },
  IDEMPOTENCY_KEY_REUSED: {
    status: 422,
    retryable: false,
    title: 'The idempotency key was used for another request',
    advice: 'Use a new key for a new request. A repeated request must have the same body.',
  },
  RATE_LIMITED: {
    status: 429,
    retryable: true,
    title: 'Too many requests',
    advice: 'Wait for the time in Retry-After. When you poll an export, follow its Retry-After.',
  },
  TOO_MANY_ACTIVE_EXPORTS: {
    status: 429,
    retryable: true,
    title: 'Too many active exports',
    advice: 'Wait until one of your exports has ended, then try again. The limit is MAX_ACTIVE_EXPORTS.',
  },
  TOO_MANY_STORED_BYTES: {
    status: 429,
    retryable: true,
    title: 'Your stored files are too large in total',
    advice:
      'Delete files that you do not need any more with DELETE /v1/exports/{id}, or wait until they expire. The limit is MAX_STORED_BYTES.',
  },
  HEADERS_TOO_LARGE: {
    status: 431,
    retryable: false,
    title: 'The headers are too large',
    advice: 'The limit for all headers of a request is 16 kB, including the token.',
  },
  INTERNAL: {
    status: 500,
    retryable: true,
    title: 'Internal error',
    advice: 'Try again. If the error persists, report the id of the request or of the export to the operator.',
  },
  DATABASE_UNAVAILABLE: {
    status: 503,
    retryable: true,
    title: 'The database is unavailable',
    advice: 'Try again after the time in Retry-After. Operator: check DATABASE_URL and the database server.',
  },

  IDENTITY_PROVIDER_UNAVAILABLE: {
    status: 503,
    retryable: true,
    title: 'The identity provider is unavailable',
    advice: 'Try again after the time in Retry-After, or use an API key. Operator: check OIDC_ISSUER and the provider.',
  },
  WEBHOOKS_NOT_CONFIGURED: {
    status: 503,
    retryable: false,
    title: 'Webhooks are not configured',
    advice: 'Poll the export instead. Operator: set WEBHOOK_SECRET_KEYS (see .env.example) for api and worker.',
  },
  WEBHOOK_ENDPOINT_DISABLED: {
    status: 409,
    retryable: false,
    title: 'The webhook endpoint is disabled',
    advice: 'Enable it with PATCH {"enabled": true}, then try again.',
  },

  DATASET_UNKNOWN: {
    status: 422,
    retryable: false,
    title: 'Unknown dataset',
    advice:
      'GET /v1/datasets lists the available datasets. Operator: run api and worker with the same version and the same DATASETS.',
  },

  // The source database.
  SOURCE_UNAVAILABLE: {
    status: 503,
    retryable: true,
    outage: 'source',
    title: 'The source database is unavailable',
    advice:
      'The export waits and is retried automatically. Operator: check SOURCE_DATABASE_URL and the database server.',
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
    advice: 'Operator: grant SELECT on the tables of the dataset to the user in SOURCE_DATABASE_URL.',
  },
  SOURCE_TABLE_MISSING: {
    status: 503,
    retryable: false,
    title: 'A table or column of this dataset is missing in the source database',
    advice: 'Operator: check that SOURCE_DATABASE_URL points to the right database and that its schema is up to date.',
  },
  SOURCE_QUERY_FAILED: {
    status: 503,
    retryable: false,
    title: 'The source database rejected the query',
    advice: 'Operator: read the message and correct the declaration of the dataset, or its data.',
  },
  ROW_TOO_LARGE: {
    status: 422,
    retryable: false,
    title: 'A row of the file is too large',
    advice:
      'Leave out the column with the large value, or exclude the row by a filter. Operator: MAX_CELL_BYTES and MAX_ROW_BYTES are the limits.',
  },

  // The object storage.
  STORAGE_UNAVAILABLE: {
    status: 503,
    retryable: true,
    outage: 'storage',
    title: 'The object storage is unavailable',
    advice: 'The export waits and is retried automatically. Operator: check S3_ENDPOINT and the storage server.',
  },
  STORAGE_ACCESS_DENIED: {
    status: 503,
    retryable: false,
    title: 'The object storage refused access',
    advice: 'Operator: check S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY and the policy of the bucket.',
  },
  STORAGE_BUCKET_MISSING: {
    status: 503,
    retryable: false,
    title: 'The bucket does not exist',
    advice: 'Operator: create the bucket named in S3_BUCKET, or correct the setting.',
  },
  STORAGE_MISCONFIGURED: {
    status: 503,
    retryable: false,
    title: 'The object storage does not accept the requests of Waybill',
    advice: 'Operator: run "npm run storage:check", which names the setting to change. See docs/storage.md.',
  },
  STORAGE_FULL: {
    status: 503,
    retryable: false,
    title: 'The object storage is full',
    advice: 'Request the export again later. Operator: free space or raise the quota.',
  },
  STORAGE_MISMATCH: {
    status: 503,
    retryable: true,
    title: 'The stored object differs from the data that was sent',
    advice: 'The export is retried automatically. Operator: if the error persists, check the storage server.',
  },
  FILE_TOO_LARGE: {
    status: 422,
    retryable: false,
    title: 'The file exceeds the size limit of the object storage',
    advice: 'Narrow the filters, or use compression.',
  },

  // The worker.
  REQUESTER_REVOKED: {
    status: 403,
    retryable: false,
    title: 'The key that requested the export is no longer valid',
    advice: 'It was revoked or expired before the file was ready. Request the export with a valid key.',
  },
  REQUESTER_FORBIDDEN: {
    status: 403,
    retryable: false,
    title: 'The key that requested the export has lost access to the dataset',
    advice: 'Its list of datasets was changed before the file was ready. Ask an administrator for access.',
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
    title: 'The worker crashed or was stopped',
    advice: 'Operator: look for a crash or a lack of memory in the log of the worker. Then request the export again.',
  },
} as const satisfies Record<string, ErrorKind>

export type ErrorCode = keyof typeof ERRORS

/** One invalid field of a request. `path` is written as in `filters.dateFrom`. */
export interface FieldError {
  readonly path: string
  readonly message: string
}

interface ErrorOptions {
  readonly cause?: unknown
  readonly errors?: readonly FieldError[]
  readonly retryAfter?: number
  /** False: the dependency was available, in spite of the code. */
  readonly isOutage?: boolean
}

/** The only error class that modules exchange. `message` may be shown to the caller. */
export class WaybillError extends Error {
  override readonly name = 'WaybillError'
  readonly code: ErrorCode
  readonly errors: readonly FieldError[]
  /** Seconds after which a retry makes sense, if known. */
  readonly retryAfter: number | undefined
  /** The dependency that was unavailable, if that is the reason. */
  readonly outage: Outage | undefined

  constructor(code: ErrorCode, message?: string, options: ErrorOptions = {}) {
    super(message ?? ERRORS[code].title, 'cause' in options ? { cause: options.cause } : undefined)
    this.code = code
    this.errors = options.errors ?? []
    this.retryAfter = options.retryAfter
    this.outage = options.isOutage === false ? undefined : this.kind.outage
  }

  get kind(): ErrorKind {
    return ERRORS[this.code]
  }
}

/** Converts any error to a WaybillError. An unknown error becomes INTERNAL, and its own text is only kept for the log. */
export function toWaybillError(error: unknown): WaybillError {
  return error instanceof WaybillError ? error : new WaybillError('INTERNAL', undefined, { cause: error })
}
