// Reads what a caller sent, each part checked against the schema that its route declares.
import { WaybillError } from '@waybill/shared/vocabulary/errors.ts'
import type { Request } from 'express'
import { z } from 'zod'
import { validationError } from './problem.ts'
import type { HeaderSchemas } from './route.ts'

/** A schema that takes `undefined` makes the body optional. @throws WaybillError UNSUPPORTED_MEDIA_TYPE, BODY_NOT_JSON, VALIDATION_FAILED */
export function readBody<T>(request: Request, schema: z.ZodType<T>): T {
  // The body parser takes nothing at all for {}.
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

/** What is in a path and does not fit (an id that is no UUID) is nobody's: 404, as for an id that does not exist. */
export function readParams(
  request: Request,
  schemas: Readonly<Record<string, z.ZodType<string>>>,
): Readonly<Record<string, string>> {
  const parsed = z.object(schemas).safeParse(request.params)
  if (!parsed.success) throw new WaybillError('NOT_FOUND')
  return parsed.data
}

/** @throws WaybillError VALIDATION_FAILED, with the names of the headers as they are declared */
export function readHeaders(request: Request, schemas: HeaderSchemas): unknown {
  const sent = Object.fromEntries(Object.keys(schemas).map((name) => [name, request.get(name)]))
  const parsed = z.object(schemas).safeParse(sent)
  if (!parsed.success) throw validationError(parsed.error)
  return parsed.data
}

/**
 * Whether the caller has this version already (RFC 9110, 13.1.2). Express' own check is of no use: it never says so
 * to a request with `Cache-Control: no-cache`, which `fetch` adds to every request with an If-None-Match.
 */
export function isKnown(ifNoneMatch: string | undefined, etag: string): boolean {
  const known = ifNoneMatch?.split(',') ?? []
  const plain = (tag: string) => tag.trim().replace(/^W\//, '')
  return known.some((tag) => tag.trim() === '*' || plain(tag) === plain(etag))
}
