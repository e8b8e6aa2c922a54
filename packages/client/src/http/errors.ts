// The one error of the client: what the server answered, or why there is no answer to speak of.
import type { Export } from '@waybill/shared/contract/exports.ts'
import type { Problem } from '@waybill/shared/contract/problem.ts'

/** What the client itself finds, beside the codes of the server (docs/errors.md). */
export type ClientErrorCode =
  /** The server could not be reached, or the connection broke, and trying again did not help. */
  | 'NETWORK'
  /** Something answered that is not Waybill: a proxy, a page, JSON cut short. */
  | 'UNEXPECTED_ANSWER'
  /** `wait` met an export that somebody has canceled. */
  | 'EXPORT_CANCELED'
  /** The storage did not give the file out, and trying again did not help. `status` is the storage's. */
  | 'DOWNLOAD_REFUSED'
  /** The bytes that arrived are not those of the export: do not use them. */
  | 'CHECKSUM_MISMATCH'
  /** `saveExport` was to write where a file is. */
  | 'FILE_EXISTS'
  /** A webhook that is not signed with the secret, or not signed at all. */
  | 'WEBHOOK_NOT_SIGNED'
  /** A webhook whose time is too far from now: it may be a replay, or a clock is wrong. */
  | 'WEBHOOK_OUT_OF_TIME'

export type ErrorCode = Problem['code'] | ClientErrorCode
export type FieldError = NonNullable<Problem['errors']>[number]

export interface ErrorDetails {
  /** The HTTP status, when there was an answer. */
  readonly status?: number | undefined
  /** The problem as the server sent it (RFC 9457). */
  readonly problem?: Problem | undefined
  /** Names the request in the server's log. */
  readonly requestId?: string | undefined
  /** Milliseconds after which the server wants to be asked again. */
  readonly retryAfter?: number | undefined
  /** The export that ended without a file. */
  readonly export?: Export | undefined
  readonly cause?: unknown
}

/** `message` is fit for people: what happened, and what to do. Aborting throws the signal's reason instead. */
export class WaybillError extends Error {
  override readonly name = 'WaybillError'
  readonly code: ErrorCode
  readonly status: number | undefined
  readonly problem: Problem | undefined
  /** Every field that is wrong; with VALIDATION_FAILED. */
  readonly errors: readonly FieldError[]
  readonly requestId: string | undefined
  readonly retryAfter: number | undefined
  readonly export: Export | undefined

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, 'cause' in details ? { cause: details.cause } : undefined)
    this.code = code
    this.status = details.status
    this.problem = details.problem
    this.errors = details.problem?.errors ?? []
    this.requestId = details.requestId
    this.retryAfter = details.retryAfter
    this.export = details.export
  }
}
