// The error class of the client: the error of the server, or the reason why there is no valid answer.
import type { Export } from '@waybill/shared/contract/exports.ts'
import type { Problem } from '@waybill/shared/contract/problem.ts'

/** Codes of the client, in addition to those of the server (docs/errors.md). */
export type ClientErrorCode =
  /** The server could not be reached or the connection was lost, after all retries. */
  | 'NETWORK'
  /** The answer does not come from Waybill: it is from a proxy, or is not JSON. */
  | 'UNEXPECTED_ANSWER'
  /** `wait`: the export was canceled. */
  | 'EXPORT_CANCELED'
  /** The storage refused the download, after all retries. `status` is the storage's. */
  | 'DOWNLOAD_REFUSED'
  /** The received bytes do not match the checksum of the export. Do not use them. */
  | 'CHECKSUM_MISMATCH'
  /** `saveExport`: the file already exists. */
  | 'FILE_EXISTS'
  /** The webhook is not signed, or with another secret. */
  | 'WEBHOOK_NOT_SIGNED'
  /** The timestamp of the webhook is too far from the current time: it may be a replay, or a clock is wrong. */
  | 'WEBHOOK_OUT_OF_TIME'

export type ErrorCode = Problem['code'] | ClientErrorCode
export type FieldError = NonNullable<Problem['errors']>[number]

export interface ErrorDetails {
  /** The HTTP status, if there was an answer. */
  readonly status?: number | undefined
  /** The problem as the server sent it (RFC 9457). */
  readonly problem?: Problem | undefined
  /** Identifies the request in the log of the server. */
  readonly requestId?: string | undefined
  /** Milliseconds after which the server accepts the next request. */
  readonly retryAfter?: number | undefined
  /** The export that has no file. */
  readonly export?: Export | undefined
  readonly cause?: unknown
}

/** `message` can be shown to users. An aborted call throws the signal's reason instead of this error. */
export class WaybillError extends Error {
  override readonly name = 'WaybillError'
  readonly code: ErrorCode
  readonly status: number | undefined
  readonly problem: Problem | undefined
  /** Every invalid field; with VALIDATION_FAILED. */
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
