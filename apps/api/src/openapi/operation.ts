// Converts a route to an operation of the OpenAPI document.
import { z } from 'zod'
import { type Access, problemsOf, type ResponseDeclaration, type Route } from '../http/route.ts'
import { exampleOf } from './example.ts'
import { COMMON_HEADERS, headerObjects, RATE_LIMIT_HEADERS } from './headers.ts'
import { type JsonObject, resolve, toJsonSchema } from './json-schema.ts'
import { type Components, problemResponses } from './problems.ts'

const ACCESS_TEXTS = {
  public: 'Needs no authentication.',
  optional: 'Needs no authentication, but a token that is sent must be valid.',
  caller: undefined,
  admin: 'For administrators only.',
} as const

const SECURITY = {
  public: [],
  optional: [{}, { bearer: [] }],
  caller: [{ bearer: [] }],
  admin: [{ bearer: [] }],
} as const satisfies Record<Access, object>

/** `/v1/exports/:id` → `/v1/exports/{id}` */
export function documentedPath(path: string): string {
  return path.replaceAll(/:(\w+)/g, '{$1}')
}

export function operation(route: Route, components: Components): JsonObject {
  const { operationId, tag, summary, access } = route
  const description = [route.description, ACCESS_TEXTS[access]].filter((text) => text !== undefined).join(' ')
  const parameters = [
    ...parametersIn('path', z.object(route.params ?? {}), components),
    ...parametersIn('query', route.query, components),
    ...parametersIn('header', z.object(route.headers ?? {}), components),
  ]
  return {
    operationId,
    tags: [tag],
    summary,
    ...(description === '' ? {} : { description }),
    security: SECURITY[access],
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(route.body === undefined ? {} : { requestBody: requestBody(route, route.body, components) }),
    responses: {
      ...Object.fromEntries(
        Object.entries(route.responses).map(([status, declared]) => [status, response(declared, components)]),
      ),
      ...problemResponses(problemsOf(route), operationId, components),
    },
  }
}

function parametersIn(place: string, schema: z.ZodType | undefined, { schemas }: Components): JsonObject[] {
  if (schema === undefined) return []
  const { properties = {}, required = [] } = resolve(toJsonSchema(schema, 'input', schemas), schemas)
  const isRequired = new Set(required as string[])
  return Object.entries(properties as Record<string, JsonObject>).map(([name, { description, ...property }]) => ({
    name,
    in: place,
    required: place === 'path' || isRequired.has(name),
    ...(description === undefined ? {} : { description }),
    schema: property,
  }))
}

function requestBody(route: Route, body: z.ZodType, { schemas }: Components): JsonObject {
  const json = toJsonSchema(route.documentedBody ?? body, 'input', schemas)
  const required = !body.safeParse(undefined).success
  const { oneOf } = resolve(json, schemas)
  if (!Array.isArray(oneOf)) return { required, content: content('application/json', json, schemas) }
  const examples = Object.fromEntries(
    oneOf.map((choice) => [resolve(choice, schemas).title, { value: exampleOf(choice, schemas) }]),
  )
  return { required, content: { 'application/json': { schema: json, examples } } }
}

function response(declared: ResponseDeclaration, { schemas }: Components): JsonObject {
  const { description, body } = declared
  const headers = headerObjects({
    ...COMMON_HEADERS,
    ...declared.headers,
    ...RATE_LIMIT_HEADERS,
  })
  if (body === undefined) return { description, headers }
  const json = toJsonSchema(body, 'output', schemas)
  const { contentType = 'application/json', example, alternatives = {} } = declared
  const others = Object.entries(alternatives).map(([type, text]) => content(type, { type: 'string' }, schemas, text))
  return { description, headers, content: Object.assign(content(contentType, json, schemas, example), ...others) }
}

function content(type: string, schema: JsonObject, schemas: JsonObject, example?: unknown): JsonObject {
  return { [type]: { schema, example: example ?? exampleOf(schema, schemas) } }
}
