// What follows from a route's rule and its schemas, asked of every route in the table: one that is new is asked by itself.
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

const SOMEBODYS = '018f0000-0000-7000-8000-000000000000'

// At once: the routes have to be known before their tests are named.
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
  const { id = SOMEBODYS, query = '', body = '{}', type = 'application/json' } = sent
  const path = `${route.path.replaceAll(/:\w+/g, id)}${query}`
  const init: RequestInit = route.body === undefined ? {} : { body, headers: { 'Content-Type': type } }
  return client.send(route.method.toUpperCase(), path, init)
}

describe('without a token, nothing that needs one is answered', () => {
  it.each(titled(TABLE.filter(({ access }) => access !== 'public')))('%s', async (_, route) => {
    expectProblem(await send(createApiClient(system.url, undefined), route, {}), 401, 'UNAUTHENTICATED')
  })
})

describe('what is for administrators is not for exporters', () => {
  it.each(titled(TABLE.filter(({ access }) => access === 'admin')))('%s', async (_, route) => {
    expectProblem(await send(exporter, route, {}), 403, 'FORBIDDEN')
  })
})

describe('a name in the path that can be nobody’s is 404, whatever else is wrong', () => {
  it.each(titled(TABLE.filter(({ params }) => params !== undefined)))('%s', async (_, route) => {
    expectProblem(await send(system.admin, route, { id: 'nobody' }), 404, 'NOT_FOUND')
  })
})

describe('a parameter that nobody knows is refused: a filter with a slip of the pen must not give everything', () => {
  it.each(titled(TABLE.filter(({ query }) => query !== undefined)))('%s', async (_, route) => {
    const errors = expectProblem(await send(system.admin, route, { query: '?nobody=1' }), 422, 'VALIDATION_FAILED')
    expect(errors).toContain('nobody: is not a known field')
  })
})

describe('a body that cannot be taken is refused, and the answer says why', () => {
  const cases = [
    { what: 'no JSON', body: '{', status: 400, code: 'BODY_NOT_JSON' },
    { what: 'of another type', type: 'text/plain', status: 415, code: 'UNSUPPORTED_MEDIA_TYPE' },
    { what: 'too large', body: JSON.stringify('x'.repeat(100_000)), status: 413, code: 'BODY_TOO_LARGE' },
    { what: 'with a field that nobody knows', body: '{"nobody":1}', status: 422, code: 'VALIDATION_FAILED' },
  ]
  const routes = titled(TABLE.filter(({ body }) => body !== undefined))
  it.each(routes.flatMap(([title, route]) => cases.map((each) => [`${title}, ${each.what}`, route, each] as const)))(
    '%s',
    async (_, route, { status, code, ...sent }) => {
      const errors = expectProblem(await send(system.admin, route, sent), status, code)
      if (code === 'VALIDATION_FAILED') expect(errors).toContain('nobody: is not a known field')
    },
  )
})

it('every answer that the document promises is to be seen in the whole run, but for what is away', () => {
  // Kept for the end of the run, when all tests have been: openapi-coverage.ts.
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

/** Decided before the route is: seen with any of them, it is as with all. */
function isOfAccess({ problems }: Route, code: ErrorCode): boolean {
  return (code === 'FORBIDDEN' || code === 'RATE_LIMITED') && !problems.includes(code)
}
