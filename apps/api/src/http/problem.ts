// The error handler: the only place that maps errors to responses, as RFC 9457 problems.

import type { Problem } from '@waybill/shared/contract/problem.ts'
import { databaseFailure } from '@waybill/shared/database/failure.ts'
import type { Logger } from '@waybill/shared/process/log.ts'
import { type FieldError, toWaybillError, WaybillError } from '@waybill/shared/vocabulary/errors.ts'
import type { ErrorRequestHandler, Response } from 'express'
import type { z } from 'zod'

/** `Retry-After` when a dependency is unavailable. */
const DEFAULT_RETRY_AFTER_SECONDS = 5

export function createErrorHandler(log: Logger): ErrorRequestHandler {
  return (reason: unknown, request, response, next) => {
    const error = toProblemError(reason)
    if (error.code === 'INTERNAL' || error.kind.status >= 500) {
      log.error(
        { requestId: response.locals.requestId, method: request.method, path: request.path, error },
        'request failed',
      )
    }
    // Part of the response has been sent. Express closes the connection, so that the client sees it as incomplete.
    if (response.headersSent) return next(reason)
    sendProblem(response, error, request.originalUrl)
  }
}

/** @param path of the request; its query is removed, because it may contain secrets */
export function createProblem(error: WaybillError, path: string): Problem {
  const { status, title, advice } = error.kind
  const message = error.message === title ? '' : `${error.message.replace(/\.$/, '')}. `
  return {
    type: `urn:waybill:error:${error.code}`,
    title,
    status,
    detail: `${message}${advice}`,
    instance: path.split('?', 1)[0] ?? path,
    code: error.code,
    ...(error.errors.length > 0 ? { errors: [...error.errors] } : {}),
  }
}

function sendProblem(response: Response, error: WaybillError, path: string): void {
  const problem = createProblem(error, path)
  const { status } = problem
  if (status === 401) response.set('WWW-Authenticate', 'Bearer')
  if (status === 503 || status === 429) {
    response.set('Retry-After', String(Math.max(1, error.retryAfter ?? DEFAULT_RETRY_AFTER_SECONDS)))
  }
  response.status(status).type('application/problem+json').send(JSON.stringify(problem))
}

/** Maps errors of Express, of its body parser and of the database to codes. */
export function toProblemError(reason: unknown): WaybillError {
  if (reason instanceof WaybillError) return reason
  const { type, status } = reason as { type?: unknown; status?: unknown }
  if (type === 'entity.too.large') return new WaybillError('BODY_TOO_LARGE')
  if (status === 415) return new WaybillError('UNSUPPORTED_MEDIA_TYPE', undefined, { cause: reason })
  // A path that cannot be decoded, such as /%E0%A4%A.
  if (reason instanceof URIError) return new WaybillError('NOT_FOUND', undefined, { cause: reason })
  // Any other 400 is from the body parser: invalid JSON, a wrong Content-Length, or an invalid Content-Encoding.
  if (status === 400) return new WaybillError('BODY_NOT_JSON', undefined, { cause: reason })
  const { kind } = databaseFailure(reason)
  if (kind === 'unavailable' || kind === 'timeout') {
    return new WaybillError('DATABASE_UNAVAILABLE', undefined, { cause: reason })
  }
  return toWaybillError(reason)
}

/** 422 with every invalid field. `prefix` is the path of the checked value. */
export function validationError(error: z.ZodError, prefix: readonly PropertyKey[] = []): WaybillError {
  return new WaybillError('VALIDATION_FAILED', undefined, { errors: fieldErrors(error, prefix) })
}

export function fieldErrors(error: z.ZodError, prefix: readonly PropertyKey[] = []): FieldError[] {
  return error.issues.flatMap((issue) => {
    const path = [...prefix, ...issue.path]
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({ path: formatPath([...path, key]), message: 'is not a known field' }))
    }
    return [{ path: formatPath(path), message: issue.message }]
  })
}

/** `filters.dateFrom`, `columns[2]`; empty for the whole body. */
function formatPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text, key) => (typeof key === 'number' ? `${text}[${key}]` : text === '' ? String(key) : `${text}.${String(key)}`),
    '',
  )
}
