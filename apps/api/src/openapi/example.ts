// Generates an example value for a schema from the examples of its fields.
import { type JsonObject, resolve } from './json-schema.ts'

const BY_FORMAT: Readonly<Record<string, string>> = {
  uuid: '01a206bd-3a7c-70dd-b151-2b1407fb87af',
  'date-time': '2026-06-09T12:00:00.000Z',
  date: '2026-06-09',
  uri: 'https://example.org/',
}

/** A value that is valid under the schema. Prefers the schema's own examples. */
export function exampleOf(given: JsonObject, components: JsonObject): unknown {
  const schema = resolve(given, components)
  if (Array.isArray(schema.examples)) return schema.examples[0]
  if (schema.default !== undefined) return schema.default
  if (schema.const !== undefined) return schema.const
  if (Array.isArray(schema.enum)) return schema.enum[0]
  const [choice] = (schema.oneOf ?? schema.anyOf ?? []) as JsonObject[]
  if (choice !== undefined) return exampleOf(choice, components)
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type
  if (type === 'object') return exampleObject(schema, components)
  if (type === 'array') return [exampleOf((schema.items ?? {}) as JsonObject, components)]
  if (type === 'integer' || type === 'number') return Math.max(1, Number(schema.minimum ?? 1))
  if (type === 'boolean') return false
  if (type === 'null') return null
  return BY_FORMAT[String(schema.format)] ?? 'text'
}

function exampleObject({ properties = {}, required = [] }: JsonObject, components: JsonObject): JsonObject {
  const names = new Set(required as string[])
  const shown = Object.entries(properties as Record<string, JsonObject>).filter(
    // Optional fields are left out unless they declare an example.
    ([name, schema]) => names.has(name) || Array.isArray(schema.examples),
  )
  return Object.fromEntries(shown.map(([name, schema]) => [name, exampleOf(schema, components)]))
}
