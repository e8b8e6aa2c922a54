// Rate limits: count per caller and per address, exclude health checks, and work without Redis.
import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import { type ApiClient, createApiClient } from '../../setup/api/api-client.ts'
import { expectProblem } from '../../setup/api/problem.ts'
import { newExport } from '../../setup/ledger/new-export.ts'
import { AUDIENCE, type Claims, createKey, startIdentityProvider } from '../../setup/network/identity-provider.ts'
import { endpointOf, startTcpProxy, type TcpProxy } from '../../setup/network/tcp-proxy.ts'
import { startTestSystem, type TestSystem } from '../../setup/system.ts'

const systems: TestSystem[] = []
async function start(settings: Record<string, string>): Promise<TestSystem> {
  const system = await startTestSystem({ worker: false, settings })
  systems.push(system)
  return system
}
afterEach(async () => {
  for (const system of systems.splice(0).reverse()) await system.stop()
})

async function newKey({ admin, url }: TestSystem): Promise<ApiClient> {
  const { body } = await admin.post('/v1/api-keys', { name: 'one of many', role: 'exporter' })
  return createApiClient(url, body.key)
}

/** A completed export of the caller. Its file does not exist. */
async function newFile({ connections: { ledger } }: TestSystem, requesterId: string): Promise<string> {
  const { id } = (await ledger.create(newExport(), { id: requesterId, name: 'caller' }, 10)).row
  const attempt = { exportId: id, token: randomUUID(), worker: 'worker:test:1' }
  await ledger.claim(attempt)
  const file = {
    key: `exports/${id}/file`,
    bytes: 1,
    sha256: 'ab'.repeat(32),
    rowCount: 1,
    truncated: false,
    warnings: [],
  }
  await ledger.complete(attempt, { ...file, snapshotAt: new Date() }, 3_600_000)
  return id
}

const statuses = async (times: number, call: () => Promise<{ status: number }>) =>
  (await Promise.all(Array.from({ length: times }, call))).map(({ status }) => status)
const from = (address: string) => ({ 'X-Forwarded-For': address })

describe('a caller', () => {
  it('has its own quota, reported in headers, with a Retry-After of at most a minute', async () => {
    const system = await start({ RATE_LIMIT_PER_CALLER: '5' })
    const [busy, quiet] = [await newKey(system), await newKey(system)]
    const first = await busy.get('/v1/me')
    expect(first.headers.get('ratelimit-policy')).toBe('"caller";q=5;w=60')
    expect(first.headers.get('ratelimit')).toMatch(/^"caller";r=4;t=\d+$/)
    expect(await statuses(4, () => busy.get('/v1/me'))).toEqual([200, 200, 200, 200])
    const refused = await busy.post('/v1/exports', { dataset: 'users', format: 'csv' })
    expectProblem(refused, 429, 'RATE_LIMITED')
    const wait = Number(refused.headers.get('retry-after'))
    expect(wait).toBeGreaterThan(0)
    expect(wait).toBeLessThanOrEqual(60)
    expect(refused.headers.get('ratelimit')).toBe(`"caller";r=0;t=${wait}`)
    expect((await quiet.get('/v1/me')).status, 'another caller, same address').toBe(200)
  })
})

describe('the budget of a caller for the audit trail', () => {
  it('ends in 429 with Retry-After, per caller, and reading goes on', async () => {
    const system = await start({ RATE_LIMIT_TRAIL_WRITES: '4' })
    const [busy, quiet] = [await newKey(system), await newKey(system)]
    const request = { dataset: 'users', format: 'csv' }
    const before = await system.connections.db.auditEvent.count()
    const asked = await statuses(9, () => busy.post('/v1/exports', request))
    expect(asked.toSorted()).toEqual([202, 202, 202, 202, 429, 429, 429, 429, 429])
    const refused = await busy.post('/v1/me/webhook-secret/rotate', {})
    expectProblem(refused, 429, 'RATE_LIMITED')
    expect(refused.body.detail).toContain('RATE_LIMIT_TRAIL_WRITES')
    const wait = Number(refused.headers.get('retry-after'))
    expect(wait).toBeGreaterThan(0)
    expect(wait).toBeLessThanOrEqual(60)
    expect((await busy.get('/v1/exports')).status).toBe(200)
    expect((await quiet.post('/v1/exports', request)).status).toBe(202)
    // The refusals of requests for exports are recorded too, but not more than 30 a minute.
    expect(await system.connections.db.auditEvent.count()).toBe(before + 4 + 5 + 1)
  })

  it('is not spent by a repeated link, and a link that it does not cover is not given out', async () => {
    const system = await start({ RATE_LIMIT_TRAIL_WRITES: '2' })
    const client = await newKey(system)
    const { id: requesterId } = (await client.get('/v1/me')).body
    const [first, second] = await Promise.all([newFile(system, requesterId), newFile(system, requesterId)])
    // The first of each kind spends, the repeats do not.
    expect((await client.get(`/v1/exports/${first}`)).status).toBe(200)
    expect((await client.get(`/v1/exports/${first}/download`)).status).toBe(303)
    expect(await statuses(7, () => client.get(`/v1/exports/${first}`))).toEqual(Array(7).fill(200))
    expect(await statuses(7, () => client.get(`/v1/exports/${first}/download`))).toEqual(Array(7).fill(303))
    expectProblem(await client.get(`/v1/exports/${second}/download`), 429, 'RATE_LIMITED')
    expectProblem(await client.get(`/v1/exports/${second}`), 429, 'RATE_LIMITED')
    expect((await client.get('/v1/exports')).body.items).toHaveLength(2)
    expect((await client.get(`/v1/exports/${first}`)).body).toHaveProperty('download')
  })
})

describe('an address', () => {
  it('has one quota for all its callers, and others for paths without a token and for health checks', async () => {
    const system = await start({ RATE_LIMIT_PER_ADDRESS: '6', TRUST_PROXY: 'loopback' })
    const call = (address: string) => system.admin.get('/v1/me', from(address))
    expect((await statuses(10, () => call('192.0.2.1'))).filter((status) => status === 429)).toHaveLength(4)
    expectProblem(await call('192.0.2.1'), 429, 'RATE_LIMITED')
    expect((await call('192.0.2.2')).status).toBe(200)
    const paths = ['/auth/config.json', '/docs', '/openapi.json', '/no-such-path', '/', '/metrics', '/auth/config.json']
    const answers: number[] = []
    for (const path of paths) answers.push((await system.admin.get(path, from('192.0.2.1'))).status)
    expect(answers.map((status) => status === 429)).toEqual([false, false, false, false, false, false, true])
    expect(await statuses(6, () => system.admin.get('/healthz', from('192.0.2.1')))).not.toContain(429)
    expectProblem(await system.admin.get('/readyz', from('192.0.2.1')), 429, 'RATE_LIMITED')
  })

  it('does not lose its quota by requests without a valid token', async () => {
    const system = await start({ RATE_LIMIT_PER_ADDRESS: '6', RATE_LIMIT_FAILED_LOGINS: '0' })
    const stranger = createApiClient(system.url, undefined)
    const refused = await statuses(12, () => stranger.get('/v1/me'))
    expect(refused.filter((status) => status === 429)).toHaveLength(6)
    expect(await statuses(6, () => system.admin.get('/v1/me'))).not.toContain(429)
    expectProblem(await system.admin.get('/v1/me'), 429, 'RATE_LIMITED')
  })

  it('counts as its /64 network in IPv6', async () => {
    const system = await start({ RATE_LIMIT_PER_ADDRESS: '3', TRUST_PROXY: 'loopback' })
    const call = (address: string) => system.admin.get('/v1/me', from(address))
    const answers = [await call('2001:db8::1'), await call('2001:db8::2:3:4:5'), await call('2001:db8:0:0:ffff::')]
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    expect((await call('2001:db8:0:0:9::9')).status).toBe(429)
    expect((await call('2001:db8:0:1::9')).status).toBe(200)
  })

  it('is not read from X-Forwarded-For unless the proxy is trusted', async () => {
    const system = await start({ RATE_LIMIT_PER_ADDRESS: '3' })
    const answers = await statuses(6, () =>
      system.admin.get('/v1/me', from(`192.0.2.${Math.floor(Math.random() * 256)}`)),
    )
    expect(answers.filter((status) => status === 429)).toHaveLength(3)
  })
})

describe('failed logins', () => {
  it('block the invalid tokens of an address, and no valid one: not even one that is new to the process', async () => {
    const system = await start({ RATE_LIMIT_FAILED_LOGINS: '5', TRUST_PROXY: 'loopback' })
    const at = (address: string, token: string | undefined) =>
      createApiClient(system.url, token).get('/v1/me', from(address))
    const guess = () => at('198.51.100.7', `wb_${randomUUID()}`)
    const early = await system.admin.post('/v1/api-keys', { name: 'before', role: 'exporter' })
    expect((await statuses(5, guess)).every((status) => status === 401)).toBe(true)
    const refused = await guess()
    expectProblem(refused, 429, 'RATE_LIMITED')
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    expectProblem(await at('198.51.100.7', undefined), 429, 'RATE_LIMITED')
    expect((await at('198.51.100.7', early.body.key)).status).toBe(200)
    // A process learns of new keys within a second.
    const late = await system.admin.post('/v1/api-keys', { name: 'after', role: 'exporter' })
    await expect.poll(async () => (await at('198.51.100.7', late.body.key)).status).toBe(200)
    await system.admin.delete(`/v1/api-keys/${late.body.id}`)
    expectProblem(await at('198.51.100.7', late.body.key), 429, 'RATE_LIMITED')
    expectProblem(await at('198.51.100.8', 'wb_wrong'), 401, 'UNAUTHENTICATED')
  })

  it('do not block a new token of the identity provider, whatever else its address sends', async () => {
    const provider = await startIdentityProvider({ boss: ['AdministratorGAME'] })
    try {
      const settings = { OIDC_ISSUER: provider.issuer, OIDC_AUDIENCE: AUDIENCE }
      const system = await start({ ...settings, RATE_LIMIT_FAILED_LOGINS: '5' })
      const me = (token: string) => createApiClient(system.url, token).get('/v1/me')
      const stranger = await createKey('stranger')
      const forge = (claims: Claims) => provider.sign(claims, { kid: provider.key().kid }, stranger)
      const expired = await provider.sign({ exp: 1 })
      expect((await statuses(5, () => me(expired))).every((status) => status === 401)).toBe(true)
      const others = [expired, await provider.sign({ aud: 'payroll' }), await forge({}), await forge({ sub: 'other' })]
      for (const token of others) expectProblem(await me(token), 429, 'RATE_LIMITED')
      expect((await me(await provider.grant('boss'))).status).toBe(200)
      expect((await me(await provider.grant('boss'))).status, 'of a known subject').toBe(200)
    } finally {
      await provider.stop()
    }
  })
})

describe('with Redis', () => {
  let line: TcpProxy
  beforeAll(async () => {
    line = await startTcpProxy(endpointOf(inject('redisUrl')))
  })
  afterEach(() => line.restore())
  afterAll(() => line.close())

  const shared = { RATE_LIMIT_PER_CALLER: '10', QUEUE_PREFIX: `t${randomUUID().slice(0, 8)}` }

  it('counts the requests of all processes together', async () => {
    const one = await start({ ...shared, REDIS_URL: inject('redisUrl') })
    const other = await start({ ...shared, REDIS_URL: inject('redisUrl'), DATABASE_URL: one.config.DATABASE_URL })
    const { body } = await one.admin.post('/v1/api-keys', { name: 'both', role: 'exporter' })
    const clients = [createApiClient(one.url, body.key), createApiClient(other.url, body.key)]
    // Until both processes are connected to Redis, each counts alone.
    const left = async (client: ApiClient | undefined) =>
      Number(/r=(\d+)/.exec((await client?.get('/v1/me'))?.headers.get('ratelimit') ?? '')?.[1])
    const isUsedUp = async () => (await left(clients[0])) === 0 && (await left(clients[1])) === 0
    await expect.poll(isUsedUp).toBe(true)
    expect((await clients[1]?.get('/v1/me'))?.status).toBe(429)
  })

  it.each(['refuse', 'stall'] as const)('counts in the process while Redis is unavailable (%s)', async (fault) => {
    const system = await start({ RATE_LIMIT_PER_CALLER: '10', REDIS_URL: line.through(inject('redisUrl')) })
    const client = await newKey(system)
    expect((await client.get('/v1/me')).status).toBe(200)
    line[fault]()
    const answers = await statuses(11, () => client.get('/v1/me'))
    expect(answers.filter((status) => status === 200).length).toBeGreaterThanOrEqual(9)
    expect((await client.get('/v1/me')).status).toBe(429)
  })
})
