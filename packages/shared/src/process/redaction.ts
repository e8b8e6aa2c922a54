// What may be in a line of the log: of an error what is known to be harmless, of a text no key, no password, no signature.

export interface DescribedError {
  readonly type: string
  readonly message: string
  readonly stack?: string
  /** Of a system call, of Postgres, of Prisma, of ours. */
  readonly code?: string | number
  /** Of an HTTP answer, e.g. of the storage. */
  readonly status?: number
  readonly cause?: unknown
  readonly errors?: readonly unknown[]
}

/** Causes of causes, and so on. */
const MAX_DEPTH = 5

/**
 * Libraries hang on their errors what they were about to do: ioredis the whole AUTH command, others a request with
 * its headers. So this takes what it knows, and leaves the rest.
 */
export function describeError(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return typeof error === 'string' ? error : typeof error
  const { code, $metadata } = error as { code?: unknown; $metadata?: { httpStatusCode?: number } }
  const status = $metadata?.httpStatusCode
  const isDeep = depth >= MAX_DEPTH
  const described: DescribedError = {
    type: error.name,
    message: error.message,
    ...(error.stack === undefined ? {} : { stack: error.stack }),
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    ...(status === undefined ? {} : { status }),
    ...(error.cause === undefined || isDeep ? {} : { cause: describeError(error.cause, depth + 1) }),
    ...(error instanceof AggregateError && !isDeep
      ? { errors: error.errors.map((one) => describeError(one, depth + 1)) }
      : {}),
  }
  return described
}

/** Each with what it becomes. Of a line of JSON: quotes and backslashes end a secret. */
const SECRETS: readonly (readonly [RegExp, string])[] = [
  [/(:\/\/)[^\s/@"\\]*@/g, '$1[redacted]@'], // user and password of a URL
  [/\b(X-Amz-(?:Signature|Credential|Security-Token)(?:=|%3D))[^&\s"\\]+/gi, '$1[redacted]'],
  [/\b(Bearer|Basic) +[\w\-.~+/]{8,}=*/gi, '$1 [redacted]'],
  [/\beyJ[\w-]+\.[\w-]+\.[\w-]*/g, '[redacted token]'],
  [/\bwb_[\w-]{20,}/g, 'wb_[redacted]'],
  [/\bwhsec_[\w+/=-]+/g, 'whsec_[redacted]'],
]

/** The last look at a line before it leaves: for what got into a text on a way that nobody thought of. */
export function redact(line: string): string {
  return SECRETS.reduce((text, [secret, instead]) => text.replaceAll(secret, instead), line)
}
