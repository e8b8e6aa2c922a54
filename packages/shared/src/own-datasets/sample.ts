// Finds a value that the schema of a filter accepts, to check the filter with it.
import { z } from 'zod'

/** The first values are easy to detect in SQL text; the others are simpler. */
const CANDIDATES: readonly unknown[] = [
  '2026-03-04T05:06:07.123456Z',
  `'; DROP TABLE "marker"; --`,
  4_711,
  true,
  '2026-03-04',
  '01890a5d-ac96-774b-bcce-b302099a8057',
  'sample',
  1,
]

/** @returns undefined if no value fits. An example in the schema (`.meta({ examples: [value] })`) solves that. */
export function sampleOf(schema: z.ZodType): unknown {
  const [sample] = [...examples(schema), ...CANDIDATES].flatMap((candidate) => {
    const parsed = schema.safeParse(candidate)
    return parsed.success && parsed.data !== undefined ? [parsed.data] : []
  })
  return sample
}

/** Values from the schema: examples, members of an enum, the default, the minimum. */
function examples(schema: z.ZodType): unknown[] {
  try {
    return fromJsonSchema(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }))
  } catch {
    return [] // Not every schema has a JSON Schema.
  }
}

type JsonSchema = z.core.JSONSchema._JSONSchema

function fromJsonSchema(schema: JsonSchema): unknown[] {
  if (typeof schema === 'boolean') return []
  const said = [...(schema.examples ?? []), ...(schema.enum ?? []), schema.const, schema.default, schema.minimum]
  const parts = [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])].flatMap(fromJsonSchema)
  const items = schema.items === undefined || Array.isArray(schema.items) ? [] : [fromJsonSchema(schema.items)[0]]
  const lists = schema.type === 'array' ? [items, ...CANDIDATES.map((candidate) => [candidate])] : []
  return [...said, ...parts, ...lists].filter((value) => value !== undefined)
}
