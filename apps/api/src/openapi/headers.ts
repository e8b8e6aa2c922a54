// Response headers in the OpenAPI document.
import { RESPONSE_HEADERS, type ResponseHeader } from '@waybill/shared/contract/headers.ts'
import type { HeaderPresence } from '../http/route.ts'
import { exampleOf } from './example.ts'
import { type JsonObject, toJsonSchema } from './json-schema.ts'

/** Set by server.ts on each response. */
export const COMMON_HEADERS: HeaderPresence = { 'X-Request-Id': 'always', 'Cache-Control': 'always' }

/** Set by limits.ts on all responses, including errors, unless the limit is turned off. */
export const RATE_LIMIT_HEADERS: HeaderPresence = { RateLimit: 'sometimes', 'RateLimit-Policy': 'sometimes' }

export function headerObjects(headers: HeaderPresence): JsonObject {
  return Object.fromEntries(
    (Object.keys(headers) as ResponseHeader[]).map((name) => [name, headerObject(name, headers[name] === 'always')]),
  )
}

function headerObject(name: ResponseHeader, required: boolean): JsonObject {
  const { description, ...json } = toJsonSchema(RESPONSE_HEADERS[name], 'output', {})
  return { description, required, schema: json, example: exampleOf(json, {}) }
}
