// JSON Schema as the document has it: what zod makes of a schema, with what only zod needs taken away.
import { z } from 'zod'

export type JsonObject = Record<string, unknown>

/** As it is sent: with defaults left out, or as it comes. */
export type Direction = 'input' | 'output'

const REF = '#/components/schemas/'

/** Formats that say all that the pattern beside them does. */
const PLAIN_FORMATS = new Set(['uuid', 'date-time', 'date', 'uri', 'email'])

/**
 * @param components where named schemas go: those with `.meta({ id })`
 * @returns the schema, or a reference to it when it has a name itself
 * @throws TypeError when two different schemas have the same name
 */
export function toJsonSchema(schema: z.ZodType, io: Direction, components: JsonObject): JsonObject {
  // An operator's own filter may be of a kind that JSON Schema has no word for.
  const { $schema: _, $defs, ...root } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as JsonObject
  for (const [name, definition] of Object.entries(($defs ?? {}) as JsonObject)) {
    const { id: _id, ...component } = simplify(definition as JsonObject)
    const known = components[name]
    if (known !== undefined && JSON.stringify(known) !== JSON.stringify(component)) {
      throw new TypeError(
        `two different schemas are named "${name}"; one of them may be a request, the other an answer`,
      )
    }
    components[name] = component
  }
  return simplify(root)
}

/** The component a reference leads to; anything else is given back as it is. */
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

/** What says nothing that is not said beside it, or is true of JSON anyway. */
function isNoise(key: string, { format, minimum, maximum }: JsonObject): boolean {
  if (key === 'pattern') return PLAIN_FORMATS.has(String(format))
  if (key === 'minimum') return minimum === Number.MIN_SAFE_INTEGER
  if (key === 'maximum') return maximum === Number.MAX_SAFE_INTEGER
  return key === 'propertyNames'
}

/** `anyOf: [{ type: 'integer' }, { type: 'null' }]` → `type: ['integer', 'null']`, which readers see through at once. */
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
