// Error responses in the OpenAPI document: one for each set of codes that share a status.
import { problemSchema } from '@waybill/shared/contract/problem.ts'
import { ERRORS, type ErrorCode, WaybillError } from '@waybill/shared/vocabulary/errors.ts'
import { createProblem } from '../http/problem.ts'
import { COMMON_HEADERS, headerObjects, RATE_LIMIT_HEADERS } from './headers.ts'
import { type JsonObject, toJsonSchema } from './json-schema.ts'

export interface Components {
  readonly schemas: JsonObject
  readonly responses: JsonObject
}

/** Responses by status. `components` receives them under the names of up to two codes, or of the operation. */
export function problemResponses(
  codes: readonly ErrorCode[],
  operationId: string,
  components: Components,
): Record<string, JsonObject> {
  const byStatus = Map.groupBy(codes.toSorted(), (code) => ERRORS[code].status)
  return Object.fromEntries(
    [...byStatus].map(([status, own]) => {
      const name = own.length > 2 ? `${operationId}.${status}` : own.map(pascalCase).join('Or')
      components.responses[name] ??= problemResponse(status, own, components)
      return [status, { $ref: `#/components/responses/${name}` }]
    }),
  )
}

function problemResponse(status: number, codes: readonly ErrorCode[], { schemas }: Components): JsonObject {
  const base = toJsonSchema(problemSchema, 'output', schemas)
  return {
    description: codes.map((code) => `\`${code}\`: ${ERRORS[code].title}. ${ERRORS[code].advice}`).join('\n\n'),
    headers: headerObjects({
      ...COMMON_HEADERS,
      ...(status === 401 ? { 'WWW-Authenticate': 'always' } : {}),
      ...(status === 429 || status === 503 ? { 'Retry-After': 'always' } : {}),
      ...RATE_LIMIT_HEADERS,
    }),
    content: {
      'application/problem+json': {
        schema: {
          allOf: [base, { properties: { code: { enum: codes }, status: { const: status } } }],
        },
        examples: Object.fromEntries(
          codes.map((code) => [code, { summary: ERRORS[code].title, value: exampleProblem(code) }]),
        ),
      },
    },
  }
}

function exampleProblem(code: ErrorCode) {
  const errors = [{ path: 'filters.dateFrom', message: 'must be a day' }]
  const error = new WaybillError(code, undefined, code === 'VALIDATION_FAILED' ? { errors } : {})
  return createProblem(error, '/v1/exports')
}

/** `EXPORT_NOT_READY` → `ExportNotReady` */
function pascalCase(code: string): string {
  return code
    .toLowerCase()
    .split('_')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('')
}
