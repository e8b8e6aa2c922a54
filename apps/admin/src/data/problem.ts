// What goes wrong between the page and the service, as two kinds of error.
import type { FieldError } from '@waybill/shared/vocabulary/errors.ts'

/** The service answered with an error (RFC 9457). */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem'
  readonly status: number
  /** Undefined: something between us and the service answered. */
  readonly code: string | undefined
  readonly errors: readonly FieldError[]
  /** Seconds. */
  readonly retryAfter: number | undefined

  constructor(status: number, body: unknown, retryAfter: number | undefined) {
    const problem = typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {}
    super(String(problem.detail ?? problem.title ?? `HTTP ${status}`))
    this.status = status
    this.code = typeof problem.code === 'string' ? problem.code : undefined
    this.errors = Array.isArray(problem.errors) ? (problem.errors as FieldError[]) : []
    this.retryAfter = retryAfter
  }
}

/** Nobody answered. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost'
}

const PASSING: ReadonlySet<string> = new Set(['DATABASE_UNAVAILABLE', 'IDENTITY_PROVIDER_UNAVAILABLE', 'RATE_LIMITED'])

/** Whether the same request may well succeed in a moment. */
export function isPassing(error: Error): boolean {
  if (error instanceof ConnectionLost) return true
  if (!(error instanceof ApiProblem)) return false
  return error.code === undefined ? error.status >= 502 : PASSING.has(error.code)
}
