// Reads what a caller sent: bodies, query strings and ids, each checked against its schema.
import { WaybillError } from '@waybill/shared/errors.ts'
import type { Request } from 'express'
import { z } from 'zod'
import { validationError } from './problem.ts'

/** @throws WaybillError UNSUPPORTED_MEDIA_TYPE, BODY_NOT_JSON, VALIDATION_FAILED */
export function readBody<T>(request: Request, schema: z.ZodType<T>): T {
  // The body parser takes nothing at all for {}.
  const isEmpty = request.get('transfer-encoding') === undefined && Number(request.get('content-length') ?? 0) === 0
  if (isEmpty) throw new WaybillError('BODY_NOT_JSON', 'The request has no body')
  if (!request.is('application/json')) throw new WaybillError('UNSUPPORTED_MEDIA_TYPE')
  const parsed = schema.safeParse(request.body)
  if (!parsed.success) throw validationError(parsed.error)
  return parsed.data
}

/** @throws WaybillError VALIDATION_FAILED */
export function readQuery<T>(request: Request, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(request.query)
  if (!parsed.success) throw validationError(parsed.error)
  return parsed.data
}

const idSchema = z.uuid()

/** The id in the path. What is no UUID is nobody's id: 404, as for an id that does not exist. */
export function readId(request: Request): string {
  const parsed = idSchema.safeParse(request.params.id)
  if (!parsed.success) throw new WaybillError('NOT_FOUND')
  return parsed.data.toLowerCase()
}

/**
 * Whether the caller has this version already (RFC 9110, 13.1.2). Express' own check is of no use: it never says so
 * to a request with `Cache-Control: no-cache`, which `fetch` adds to every request with an If-None-Match.
 */
export function isKnown(request: Request, etag: string): boolean {
  const known = request.get('if-none-match')?.split(',') ?? []
  const plain = (tag: string) => tag.trim().replace(/^W\//, '')
  return known.some((tag) => tag.trim() === '*' || plain(tag) === plain(etag))
}
