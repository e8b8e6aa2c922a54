// Converts zod schemas to the JSON Schema of the OpenAPI document, without keywords that only repeat others.
import { z } from 'zod'

export type JsonObject = Record<string, unknown>

/** A request (fields with a default are optional) or a response. */
type Direction = 'input' | 'output'

const REF = '#/components/schemas/'

/** Formats that imply the pattern that zod adds. */
const IMPLIED_PATTERNS = new Set(['uuid', 'date-time', 'date', 'uri', 'email'])

/**
 * @param components receives the named schemas, those with `.meta({ id })`
 * @returns the schema, or a reference to it when it has a name
 * @throws TypeError when two different schemas have the same name
 */
export function toJsonSchema(schema: z.ZodType, io: Direction, components: JsonObject): JsonObject {
  // The filter of an operator's own dataset may use a type that JSON Schema cannot represent.
  const json = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    override: ({ jsonSchema }) => simplify(jsonSchema),
  })
  const { $schema: _, $defs = {}, ...root } = JSON.parse(JSON.stringify(json).replaceAll('"#/$defs/', `"${REF}`))
  for (const [name, definition] of Object.entries($defs as Record<string, JsonObject>)) {
    const { id: _id, ...component } = definition
    const known = components[name]
    if (known !== undefined && JSON.stringify(known) !== JSON.stringify(component)) {
      throw new TypeError(
        `two different schemas have the id "${name}"; one of them may be a request and the other a response`,
      )
    }
    components[name] = component
  }
  return root
}

/** Follows a reference; returns any other schema as it is. */
export function resolve(schema: JsonObject, components: JsonObject): JsonObject {
  const { $ref } = schema
  return typeof $ref === 'string' ? (components[$ref.slice(REF.length)] as JsonObject) : schema
}

export function refer(name: string): JsonObject {
  return { $ref: `${REF}${name}` }
}

/**
 * Merges `anyOf` with null into `type`, and removes keywords that repeat another one or hold for all JSON: `undefined`
 * is not serialized.
 */
function simplify(schema: JsonObject): void {
  const { anyOf } = schema
  const [value, other, ...more] = (Array.isArray(anyOf) ? anyOf : []) as JsonObject[]
  if (value !== undefined && other?.type === 'null' && more.length === 0 && isPlain(value)) {
    schema.anyOf = undefined
    Object.assign(schema, value, { type: [value.type, 'null'] })
  }
  if (IMPLIED_PATTERNS.has(String(schema.format))) schema.pattern = undefined
  if (schema.minimum === Number.MIN_SAFE_INTEGER) schema.minimum = undefined
  if (schema.maximum === Number.MAX_SAFE_INTEGER) schema.maximum = undefined
  schema.propertyNames = undefined
}

/** An enum or a constant would have to contain null as well. */
function isPlain(schema: JsonObject): boolean {
  return typeof schema.type === 'string' && schema.enum === undefined && schema.const === undefined
}
