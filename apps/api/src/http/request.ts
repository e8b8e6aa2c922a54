// Reads the parts of a request and checks each against the schema that its route declares.
import { WaybillError } from '@waybill/shared/vocabulary/errors.ts'
import type { Request } from 'express'
import { z } from 'zod'
import { validationError } from './problem.ts'
import type { HeaderSchemas } from './route.ts'

/**
 * A schema that accepts `undefined` makes the body optional.
 *
 * @throws WaybillError UNSUPPORTED_MEDIA_TYPE, BODY_NOT_JSON, VALIDATION_FAILED
 */
export function readBody<T>(request: Request, schema: z.ZodType<T>): T {
  // Checked here, because the body parser turns an empty body into {}.
  const isEmpty = request.get('transfer-encoding') === undefined && Number(request.get('content-length') ?? 0) === 0
  if (isEmpty) {
    const nothing = schema.safeParse(undefined)
    if (nothing.success) return nothing.data
    throw new WaybillError('BODY_NOT_JSON', 'The request has no body')
  }
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

/** @throws WaybillError NOT_FOUND for a value that does not match, such as an id that is not a UUID */
export function readParams(
  request: Request,
  schemas: Readonly<Record<string, z.ZodType<string>>>,
): Readonly<Record<string, string>> {
  const parsed = z.object(schemas).safeParse(request.params)
  if (!parsed.success) throw new WaybillError('NOT_FOUND')
  return parsed.data
}

/** @throws WaybillError VALIDATION_FAILED, with the header names as the route declares them */
export function readHeaders(request: Request, schemas: HeaderSchemas): unknown {
  const sent = Object.fromEntries(Object.keys(schemas).map((name) => [name, request.get(name)]))
  const parsed = z.object(schemas).safeParse(sent)
  if (!parsed.success) throw validationError(parsed.error)
  return parsed.data
}

/**
 * Whether If-None-Match contains this ETag (RFC 9110, 13.1.2). `request.fresh` of Express cannot be used: it is false
 * for each request with `Cache-Control: no-cache`, and `fetch` adds that to each request with If-None-Match.
 */
export function isKnown(ifNoneMatch: string | undefined, etag: string): boolean {
  const known = ifNoneMatch?.split(',') ?? []
  const plain = (tag: string) => tag.trim().replace(/^W\//, '')
  return known.some((tag) => tag.trim() === '*' || plain(tag) === plain(etag))
}
