// Removes secrets from log lines: errors are reduced to known fields, and texts lose keys, passwords and signatures.

export interface DescribedError {
  readonly type: string
  readonly message: string
  readonly stack?: string
  /** Code of a system call, of Postgres, of Prisma or of a WaybillError. */
  readonly code?: string | number
  /** Status of an HTTP response, for example of the storage. */
  readonly status?: number
  readonly cause?: unknown
  readonly errors?: readonly unknown[]
}

/** Limit for nested causes. */
const MAX_CAUSE_DEPTH = 5

/**
 * Libraries attach the failed operation to their errors: ioredis the whole AUTH command, others a request with its
 * headers. So only known fields are copied.
 */
export function describeError(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return typeof error === 'string' ? error : typeof error
  const { code, $metadata } = error as { code?: unknown; $metadata?: { httpStatusCode?: number } }
  const status = $metadata?.httpStatusCode
  const isDeep = depth >= MAX_CAUSE_DEPTH
  const described: DescribedError = {
    type: error.name,
    message: error.message,
    ...(error.stack === undefined ? {} : { stack: error.stack }),
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    ...(status === undefined ? {} : { status }),
    ...(error.cause === undefined || isDeep ? {} : { cause: describeError(error.cause, depth + 1) }),
    ...(error instanceof AggregateError && !isDeep
      ? { errors: error.errors.map((inner) => describeError(inner, depth + 1)) }
      : {}),
  }
  return described
}

/** Patterns and their replacements for a line of JSON, where a quote or a backslash ends a secret. */
const SECRETS: readonly (readonly [RegExp, string])[] = [
  [/(:\/\/)[^\s/@"\\]*@/g, '$1[redacted]@'], // user and password of a URL
  [/\b(X-Amz-(?:Signature|Credential|Security-Token)(?:=|%3D))[^&\s"\\]+/gi, '$1[redacted]'],
  [/\b(Bearer|Basic) +[\w\-.~+/]{8,}=*/gi, '$1 [redacted]'],
  [/\beyJ[\w-]+\.[\w-]+\.[\w-]*/g, '[redacted token]'],
  [/\bwb_[\w-]{20,}/g, 'wb_[redacted]'],
  [/\bwhsec_[\w+/=-]+/g, 'whsec_[redacted]'],
]

/** Last-resort redaction of the rendered line. */
export function redact(line: string): string {
  return SECRETS.reduce((text, [secret, replacement]) => text.replaceAll(secret, replacement), line)
}
