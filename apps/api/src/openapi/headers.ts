// Headers in the document, of requests and of answers.
import type { z } from 'zod'
import { exampleOf } from './example.ts'
import { type JsonObject, toJsonSchema } from './json-schema.ts'

export function headerObject(schema: z.ZodType, presence: 'always' | 'sometimes'): JsonObject {
  const { description, ...json } = toJsonSchema(schema, 'output', {})
  return { description, required: presence === 'always', schema: json, example: exampleOf(json, {}) }
}
