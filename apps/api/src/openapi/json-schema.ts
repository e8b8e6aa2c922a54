// Converts zod schemas to the JSON Schema of the OpenAPI document, without keywords that only repeat others.
import { z } from 'zod'

export type JsonObject = Record<string, unknown>

/** A request (fields with a default are optional) or a response. */
export type Direction = 'input' | 'output'

const REF = '#/components/schemas/'

/** Formats that imply the pattern that zod adds. */
const PLAIN_FORMATS = new Set(['uuid', 'date-time', 'date', 'uri', 'email'])

/**
 * @param components receives the named schemas, those with `.meta({ id })`
 * @returns the schema, or a reference to it when it has a name
 * @throws TypeError when two different schemas have the same name
 */
export function toJsonSchema(schema: z.ZodType, io: Direction, components: JsonObject): JsonObject {
  // The filter of an operator's own dataset may use a type that JSON Schema cannot represent.
  const { $schema: _, $defs, ...root } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as JsonObject
  for (const [name, definition] of Object.entries(($defs ?? {}) as JsonObject)) {
    const { id: _id, ...component } = simplify(definition as JsonObject)
    const known = components[name]
    if (known !== undefined && JSON.stringify(known) !== JSON.stringify(component)) {
      throw new TypeError(
        `two different schemas have the id "${name}"; one of them may be a request and the other a response`,
      )
    }
    components[name] = component
  }
  return simplify(root)
}

/** Follows a reference; returns any other schema as it is. */
export function resolve(schema: JsonObject, components: JsonObject): JsonObject {
  const { $ref } = schema
  return typeof $ref === 'string' ? (components[$ref.slice(REF.length)] as JsonObject) : schema
}

export function refer(name: string): JsonObject {
  return { $ref: `${REF}${name}` }
}

function simplify(schema: JsonObject): JsonObject {
  const result = Object.fromEntries(Object.entries(schema).filter(([key]) => !isNoise(key, schema)))
  if (typeof schema.$ref === 'string') result.$ref = schema.$ref.replace('#/$defs/', REF)
  for (const key of ['items', 'additionalProperties'] as const) {
    if (isObject(schema[key])) result[key] = simplify(schema[key])
  }
  if (isObject(schema.properties)) {
    result.properties = Object.fromEntries(
      Object.entries(schema.properties).map(([name, property]) => [name, simplify(property as JsonObject)]),
    )
  }
  for (const key of ['anyOf', 'oneOf', 'allOf'] as const) {
    if (Array.isArray(schema[key])) result[key] = schema[key].map(simplify)
  }
  return nullable(result)
}

/** Whether the keyword repeats another keyword, or holds for all JSON. */
function isNoise(key: string, { format, minimum, maximum }: JsonObject): boolean {
  if (key === 'pattern') return PLAIN_FORMATS.has(String(format))
  if (key === 'minimum') return minimum === Number.MIN_SAFE_INTEGER
  if (key === 'maximum') return maximum === Number.MAX_SAFE_INTEGER
  return key === 'propertyNames'
}

/** `anyOf: [{ type: 'integer' }, { type: 'null' }]` → `type: ['integer', 'null']`, which is easier to read. */
function nullable(schema: JsonObject): JsonObject {
  const { anyOf, ...rest } = schema
  if (!Array.isArray(anyOf) || anyOf.length !== 2 || anyOf[1]?.type !== 'null') return schema
  const { type, enum: _enum, const: _const, ...value } = anyOf[0] as JsonObject
  if (typeof type !== 'string' || _enum !== undefined || _const !== undefined) return schema
  return { ...rest, type: [type, 'null'], ...value }
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
