// Generates the OpenAPI document from the routes, so that it cannot differ from the server.
import { ERRORS } from '@waybill/shared/vocabulary/errors.ts'
import manifest from '../../package.json' with { type: 'json' }
import { type Route, TAGS } from '../http/route.ts'
import type { JsonObject } from './json-schema.ts'
import { documentedPath, operation } from './operation.ts'
import { webhooks } from './webhooks.ts'

const DESCRIPTION = `Background exports from Postgres to object storage, with an audit trail. Create an export of a dataset in a format,
poll its status until it is completed, and download the file through a signed link that expires soon.

Errors are \`application/problem+json\` (RFC 9457) with a stable \`code\`. Each operation lists its own. In addition, an unknown
URL is 404 \`NOT_FOUND\`, and a method that a URL does not support is 405 \`METHOD_NOT_ALLOWED\` with \`Allow\`. Fields and
parameters that are not in this document are rejected with 422, never ignored. Responses may gain new fields.`

/** OpenAPI 3.1.1 (https://spec.openapis.org/oas/v3.1.1.html). @throws TypeError when two schemas have the same name */
export function createDocument(routes: readonly Route[]): JsonObject {
  const components = { schemas: {} as JsonObject, responses: {} as JsonObject }
  const paths: Record<string, JsonObject> = {}
  for (const route of routes.toSorted((a, b) => depth(a) - depth(b))) {
    const path = documentedPath(route.path)
    paths[path] = { ...paths[path], [route.method]: operation(route, components) }
  }
  const used = new Set(routes.map(({ tag }) => tag))
  return {
    openapi: '3.1.1',
    info: {
      title: 'Waybill',
      version: manifest.version,
      description: DESCRIPTION,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    tags: Object.entries(TAGS).flatMap(([name, description]) =>
      [...used].some((tag) => tag === name) ? [{ name, description }] : [],
    ),
    paths,
    webhooks: webhooks(components),
    components: {
      schemas: sorted(components.schemas),
      responses: sorted(components.responses),
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description: `An API key or an access token of the identity provider. ${ERRORS.UNAUTHENTICATED.advice}`,
        },
      },
    },
  }
}

/** The document lists collections before their items; the list of routes has fixed names before `:id`. */
function depth({ path }: Route): number {
  return path.split('/').length
}

function sorted(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)))
}
