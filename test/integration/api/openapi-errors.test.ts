// Errors that follow from access and schemas, on every route of the list. New routes are included.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { problemsOf, type Route } from '../../../apps/api/src/http/route.ts'
import { createRoutes } from '../../../apps/api/src/server.ts'
import { createLogger } from '../../../packages/shared/src/process/log.ts'
import { ERRORS, type ErrorCode } from '../../../packages/shared/src/vocabulary/errors.ts'
import { type ApiClient, createApiClient } from '../../setup/api/api-client.ts'
import { EXPECTED } from '../../setup/api/openapi-coverage.ts'
import { expectProblem } from '../../setup/api/problem.ts'
import { startTestSystem } from '../../setup/system.ts'

const UNKNOWN_ID = '018f0000-0000-7000-8000-000000000000'

// At the top level, because the routes must be known before the tests are declared.
const system = await startTestSystem({ worker: false })
afterAll(() => system.stop())

const { config, datasets, connections } = system
const TABLE = createRoutes({ config, datasets, log: createLogger('test', 'fatal'), ...connections })

let exporter: ApiClient
beforeAll(async () => {
  const { body } = await system.admin.post('/v1/api-keys', { name: 'exporter', role: 'exporter' })
  exporter = createApiClient(system.url, body.key)
})

const titled = (routes: readonly Route[]) =>
  routes.map((route) => [`${route.method.toUpperCase()} ${route.path}`, route] as const)

interface Sent {
  readonly id?: string
  readonly query?: string
  readonly body?: string
  readonly type?: string
}

function send(client: ApiClient, route: Route, sent: Sent) {
  const { id = UNKNOWN_ID, query = '', body = '{}', type = 'application/json' } = sent
  const path = `${route.path.replaceAll(/:\w+/g, id)}${query}`
  const init: RequestInit = route.body === undefined ? {} : { body, headers: { 'Content-Type': type } }
  return client.send(route.method.toUpperCase(), path, init)
}

describe('is 401 without a token', () => {
  it.each(titled(TABLE.filter(({ access }) => access === 'caller' || access === 'admin')))('%s', async (_, route) => {
    expectProblem(await send(createApiClient(system.url, undefined), route, {}), 401, 'UNAUTHENTICATED')
  })
})

describe('is 403 for exporters on routes for administrators', () => {
  it.each(titled(TABLE.filter(({ access }) => access === 'admin')))('%s', async (_, route) => {
    expectProblem(await send(exporter, route, {}), 403, 'FORBIDDEN')
  })
})

describe('is 404 for an invalid id in the path, before other errors', () => {
  it.each(titled(TABLE.filter(({ params }) => params !== undefined)))('%s', async (_, route) => {
    expectProblem(await send(system.admin, route, { id: 'unknown' }), 404, 'NOT_FOUND')
  })
})

describe('rejects unknown query parameters, so that a misspelled filter does not return everything', () => {
  it.each(titled(TABLE.filter(({ query }) => query !== undefined)))('%s', async (_, route) => {
    const errors = expectProblem(await send(system.admin, route, { query: '?unknown=1' }), 422, 'VALIDATION_FAILED')
    expect(errors).toContain('unknown: is not a known field')
  })
})

describe('rejects an invalid body with the reason', () => {
  const cases = [
    { what: 'not JSON', body: '{', status: 400, code: 'BODY_NOT_JSON' },
    { what: 'another media type', type: 'text/plain', status: 415, code: 'UNSUPPORTED_MEDIA_TYPE' },
    { what: 'too large', body: JSON.stringify('x'.repeat(100_000)), status: 413, code: 'BODY_TOO_LARGE' },
    { what: 'an unknown field', body: '{"unknown":1}', status: 422, code: 'VALIDATION_FAILED' },
  ]
  const routes = titled(TABLE.filter(({ body }) => body !== undefined))
  it.each(routes.flatMap(([title, route]) => cases.map((each) => [`${title}, ${each.what}`, route, each] as const)))(
    '%s',
    async (_, route, { status, code, ...sent }) => {
      const errors = expectProblem(await send(system.admin, route, sent), status, code)
      if (code === 'VALIDATION_FAILED') expect(errors).toContain('unknown: is not a known field')
    },
  )
})

it('records the documented responses that the whole test run has to produce', () => {
  // Compared at the end of the run with the responses of all tests: openapi-coverage.ts.
  const expected = TABLE.flatMap((route) => {
    const { operationId, responses } = route
    const good = Object.keys(responses).filter((status) => Number(status) < 400)
    const refused = problemsOf(route).filter((code) => ERRORS[code].status < 500)
    return [
      ...good.map((status) => `${operationId} ${status}`),
      ...refused.map((code) => `${isOfAccess(route, code) ? '*' : operationId} ${ERRORS[code].status} ${code}`),
    ]
  })
  expect(expected.length).toBeGreaterThan(TABLE.length)
  writeFileSync(join(inject('observations'), EXPECTED), `${[...new Set(expected)].join('\n')}\n`)
})

/** Decided before the route is known, so one response on any route covers all routes. */
function isOfAccess({ problems }: Route, code: ErrorCode): boolean {
  return (code === 'FORBIDDEN' || code === 'RATE_LIMITED') && !problems.includes(code)
}
