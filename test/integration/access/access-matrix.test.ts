// Access rules: calls every route as every kind of caller. A new route without a rule fails this test.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createRoutes } from '../../../apps/api/src/server.ts'
import { createLogger } from '../../../packages/shared/src/process/log.ts'
import { ACCESS_RULES, type Fixtures, type Rule } from '../../setup/api/access-rules.ts'
import { type ApiClient, createApiClient, type Json } from '../../setup/api/api-client.ts'
import { expectProblem } from '../../setup/api/problem.ts'
import { AUDIENCE, type IdentityProvider, startIdentityProvider } from '../../setup/network/identity-provider.ts'
import { startTestSystem, type TestSystem } from '../../setup/system.ts'

const CALLERS = ['no token', 'a bad token', 'no role', 'the exporter', 'another exporter', 'an admin'] as const
type CallerName = (typeof CALLERS)[number]

/** The error for each caller without access, by the kind of the rule. */
const REFUSALS: Readonly<Record<Rule['kind'], Readonly<Partial<Record<CallerName, [number, string]>>>>> = {
  open: {},
  optional: { 'a bad token': [401, 'UNAUTHENTICATED'], 'no role': [403, 'FORBIDDEN'] },
  own: { 'another exporter': [404, 'NOT_FOUND'], ...unauthorized() },
  each: unauthorized(),
  admin: { 'the exporter': [403, 'FORBIDDEN'], 'another exporter': [403, 'FORBIDDEN'], ...unauthorized() },
}

function unauthorized(): Readonly<Partial<Record<CallerName, [number, string]>>> {
  return {
    'no token': [401, 'UNAUTHENTICATED'],
    'a bad token': [401, 'UNAUTHENTICATED'],
    'no role': [403, 'FORBIDDEN'],
  }
}

let provider: IdentityProvider
let system: TestSystem
let tokens: Readonly<Record<CallerName, string | undefined>>
let fixtures: Fixtures
beforeAll(async () => {
  provider = await startIdentityProvider({ guest: [] })
  system = await startTestSystem({ settings: { OIDC_ISSUER: provider.issuer, OIDC_AUDIENCE: AUDIENCE } })
  const newKey = async (role: string) => (await system.admin.post('/v1/api-keys', { name: role, role })).body
  const owner = await newKey('exporter')
  tokens = {
    'no token': undefined,
    'a bad token': `${owner.key.slice(0, -1)}_`,
    'no role': await provider.grant('guest'),
    'the exporter': owner.key,
    'another exporter': (await newKey('exporter')).key,
    'an admin': (await newKey('admin')).key,
  }
  const exporter = as('the exporter')
  const file = await exporter.export({ dataset: 'users', format: 'csv' })
  fixtures = { exporter, admin: system.admin, exportId: file.id, config: system.config, database: system.database }
})
afterAll(async () => {
  await system.stop()
  await provider.stop()
})

function as(caller: CallerName): ApiClient {
  return createApiClient(system.url, tokens[caller])
}

/** The routes of the product, so that none can be forgotten here. */
const routes = () =>
  createRoutes({
    config: system.config,
    datasets: system.datasets,
    log: createLogger('test', 'fatal'),
    ...system.connections,
  }).map((route) => ({ ...route, name: `${route.method.toUpperCase()} ${route.path}` }))

it('has the rule of each route, and no rule without a route', () => {
  expect(
    routes()
      .map(({ name }) => name)
      .sort(),
  ).toEqual(Object.keys(ACCESS_RULES).sort())
  const expected = { open: 'public', optional: 'optional', own: 'caller', each: 'caller', admin: 'admin' }
  for (const { name, access } of routes())
    expect([name, access]).toEqual([name, expected[ACCESS_RULES[name]?.kind ?? 'open']])
})

describe.each(Object.entries(ACCESS_RULES))('%s', (name, rule) => {
  const [method = '', path = ''] = name.split(' ')

  it.each(CALLERS)('allows exactly what the rules allow for %s', async (caller) => {
    const id = (await rule.prepare?.(fixtures)) ?? ''
    const before = await rule.look?.(fixtures, id)
    const answer = await send(as(caller), method, path.replace(/:\w+/, id), rule.body)
    const refusal = REFUSALS[rule.kind][caller]
    if (refusal === undefined) {
      expect(answer.status, JSON.stringify(answer.body)).toBe(rule.ok)
      return
    }
    expectProblem(answer, ...refusal)
    expect(await rule.look?.(fixtures, id), 'who is refused changes nothing').toEqual(before)
  })
})

function send(client: ApiClient, method: string, path: string, body: Json) {
  if (method === 'GET') return client.get(path)
  if (method === 'POST') return client.post(path, body ?? {})
  return method === 'PATCH' ? client.patch(path, body) : client.delete(path)
}
