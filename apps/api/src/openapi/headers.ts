// Headers in the document, of requests and of answers.
import { RESPONSE_HEADERS, type ResponseHeader } from '@waybill/shared/contract/headers.ts'
import { exampleOf } from './example.ts'
import { type JsonObject, toJsonSchema } from './json-schema.ts'

export type HeaderPresence = Readonly<Partial<Record<ResponseHeader, 'always' | 'sometimes'>>>

/** What server.ts gives every answer. */
export const EVERYWHERE: HeaderPresence = { 'X-Request-Id': 'always', 'Cache-Control': 'always' }

/** What limits.ts gives the answers under /v1, problems too; not where a limit is turned off. */
export const LIMITS: HeaderPresence = { RateLimit: 'sometimes', 'RateLimit-Policy': 'sometimes' }

export function headerObjects(headers: HeaderPresence): JsonObject {
  return Object.fromEntries(
    (Object.keys(headers) as ResponseHeader[]).map((name) => [name, headerObject(name, headers[name] === 'always')]),
  )
}

function headerObject(name: ResponseHeader, required: boolean): JsonObject {
  const { description, ...json } = toJsonSchema(RESPONSE_HEADERS[name], 'output', {})
  return { description, required, schema: json, example: exampleOf(json, {}) }
}
