// Finds a value that a filter's schema takes, to try the filter with.
import { z } from 'zod'

/** Values that would be found again if they became SQL, then plainer ones. */
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

/** undefined when none was found: then an example in the schema (`.meta({ examples: [value] })`) helps. */
export function sampleOf(schema: z.ZodType): unknown {
  const [sample] = [...examples(schema), ...CANDIDATES].flatMap((candidate) => {
    const parsed = schema.safeParse(candidate)
    return parsed.success && parsed.data !== undefined ? [parsed.data] : []
  })
  return sample
}

/** What the schema says of itself: examples, members of an enum, defaults, the least number. */
function examples(schema: z.ZodType): unknown[] {
  try {
    return fromJsonSchema(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }))
  } catch {
    return [] // not every schema can be written as JSON Schema
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
