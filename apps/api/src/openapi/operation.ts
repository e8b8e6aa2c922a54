// One route as an operation of the document.
import { z } from 'zod'
import { type Access, type Answer, problemsOf, type Route } from '../http/route.ts'
import { exampleOf } from './example.ts'
import { EVERYWHERE, headerObjects, LIMITS } from './headers.ts'
import { type JsonObject, resolve, toJsonSchema } from './json-schema.ts'
import { type Components, problemResponses } from './problems.ts'

const ACCESS = {
  anybody: 'Needs no token.',
  caller: undefined,
  admin: 'For administrators.',
} as const

/** `/v1/exports/:id` → `/v1/exports/{id}` */
export function documentedPath(path: string): string {
  return path.replaceAll(/:(\w+)/g, '{$1}')
}

export function operation(route: Route, components: Components): JsonObject {
  const { operationId, tag, summary, access, answers } = route
  const description = [route.description, ACCESS[access]].filter((text) => text !== undefined).join(' ')
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
    security: access === 'anybody' ? [] : [{ bearer: [] }],
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(route.body === undefined ? {} : { requestBody: requestBody(route, route.body, components) }),
    responses: {
      ...Object.fromEntries(
        Object.entries(answers).map(([status, answer]) => [status, response(answer, access, components)]),
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

function response(answer: Answer, access: Access, { schemas }: Components): JsonObject {
  const { description, body } = answer
  const headers = headerObjects({ ...EVERYWHERE, ...answer.headers, ...(access === 'anybody' ? {} : LIMITS) })
  const told = { description, headers }
  if (body === undefined) return told
  const json = toJsonSchema(body, 'output', schemas)
  return { ...told, content: content(answer.contentType ?? 'application/json', json, schemas, answer.example) }
}

function content(type: string, schema: JsonObject, schemas: JsonObject, example?: unknown): JsonObject {
  return { [type]: { schema, example: example ?? exampleOf(schema, schemas) } }
}
