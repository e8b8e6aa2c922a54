// Access tokens of a real OpenID provider: which are accepted, and what happens while the provider is unavailable.
import { createPublicKey, createSecretKey } from 'node:crypto'
import { type JWTPayload, SignJWT, UnsecuredJWT } from 'jose'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createApiClient } from '../../setup/api/api-client.ts'
import { expectProblem } from '../../setup/api/problem.ts'
import {
  AUDIENCE,
  type Claims,
  createKey,
  type IdentityProvider,
  startIdentityProvider,
} from '../../setup/network/identity-provider.ts'
import { startTestSystem, type TestSystem } from '../../setup/system.ts'

const ROLES = {
  boss: ['AdministratorGAME'],
  reports: ['offline_access', 'exporter'],
  guest: ['offline_access'],
  other: ['exporter'],
}

let provider: IdentityProvider
let system: TestSystem
beforeAll(async () => {
  provider = await startIdentityProvider(ROLES)
  system = await startTestSystem({ settings: settings(provider) })
})
afterEach(() => provider.line.restore())
afterAll(async () => {
  await system.stop()
  await provider.stop()
})

function settings({ issuer }: IdentityProvider) {
  return { OIDC_ISSUER: issuer, OIDC_AUDIENCE: AUDIENCE, OIDC_EXPORTER_ROLE: 'exporter', OIDC_CLOCK_SKEW: '30s' }
}

const as = (token: string, { url } = system) => createApiClient(url, token)
const me = (token: string) => as(token).get('/v1/me')
const seconds = (fromNow: number) => Math.floor(Date.now() / 1000) + fromNow
const EXPORT = { dataset: 'users', format: 'csv' }

describe('a token that the provider has granted', () => {
  it('gives its holder exactly the role that it names', async () => {
    expect((await me(await provider.grant('boss'))).body).toMatchObject({ role: 'admin' })
    expect((await me(await provider.grant('reports'))).body).toMatchObject({ role: 'exporter' })
    expectProblem(await as(await provider.grant('reports')).get('/v1/api-keys'), 403, 'FORBIDDEN')
  })

  it('without either role gets 403', async () => {
    const guest = as(await provider.grant('guest'))
    for (const path of ['/v1/me', '/v1/datasets', '/v1/exports']) {
      expectProblem(await guest.get(path), 403, 'FORBIDDEN')
    }
    expectProblem(await guest.post('/v1/exports', EXPORT), 403, 'FORBIDDEN')
    const { items } = (await system.admin.get('/v1/audit?limit=1')).body
    expect(items[0]).toMatchObject({ type: 'export.refused', actor: 'guest', actorKind: 'oidc', address: '127.0.0.1' })
  })

  it('identifies the same caller as a renewed token', async () => {
    const { id } = await as(await provider.grant('reports')).export(EXPORT)
    const renewed = as(await provider.grant('reports'))
    expect((await renewed.get(`/v1/exports/${id}`)).body.status).toBe('completed')
    expect((await renewed.get('/v1/exports')).body.items.map((item: { id: string }) => item.id)).toEqual([id])
    expect((await renewed.get(`/v1/exports/${id}/download`)).status).toBe(303)
    expectProblem(await as(await provider.grant('other')).get(`/v1/exports/${id}`), 404, 'NOT_FOUND')
    expect((await as(await provider.grant('boss')).get(`/v1/exports/${id}`)).status).toBe(200)
  })

  it('marks its holder as a caller of the provider wherever a name is shown', async () => {
    const boss = as(await provider.grant('boss'))
    const ofKey = await system.admin.export(EXPORT)
    const ofToken = await boss.export(EXPORT)
    const kinds = [ofKey, ofToken].map(({ requestedByKind }) => requestedByKind)
    expect(kinds).toEqual(['api-key', 'oidc'])
    const { items: events } = (await boss.get(`/v1/exports/${ofToken.id}/events`)).body
    expect(events.slice(0, 2).map(({ actorKind }: { actorKind: string }) => actorKind)).toEqual(['oidc', 'waybill'])
    const { items: trail } = (await boss.get('/v1/audit?type=export.requested&limit=2')).body
    expect(trail.map(({ actorKind }: { actorKind: string }) => actorKind)).toEqual(['oidc', 'api-key'])
  })
})

describe('a caller is shown by name and identified by subject', () => {
  it.each([
    [{ sub: 'u-1', preferred_username: 'ada', email: 'ada@example.org' }, 'ada'],
    [{ sub: 'u-1', email: 'ada@example.org' }, 'ada@example.org'],
    [{ sub: 'u-1' }, 'u-1'],
    [{ sub: 'u-1', preferred_username: ' ' }, 'u-1'],
    [{ sub: 'u-1', preferred_username: 'nul\0' }, 'u-1'],
    [{ sub: 'u-1', preferred_username: 'x'.repeat(101) }, 'u-1'],
    [{ sub: 'u-1', preferred_username: ['ada'] }, 'u-1'],
    [{ sub: 'u-1', preferred_username: 'a\u001b[2Jda\u202e\n' }, 'a[2Jda'],
    [{ sub: 'u-1', preferred_username: 'wb_3q27wXyZ', email: 'ada@example.org' }, 'ada@example.org'],
    [{ sub: 'u-1', preferred_username: 'boot\u200bstrap' }, 'u-1'],
    [{ sub: 'u-1', preferred_username: 'Worker:7' }, 'u-1'],
    [{ sub: 'u-1', preferred_username: '\uff57b_3q27wXyZ' }, 'u-1'],
    [{ sub: 'u-1', preferred_username: 'w\u3164b_3q27wXyZ' }, 'u-1'],
    [{ sub: 'u-1', preferred_username: 'keys:server-1' }, 'u-1'],
    [{ sub: 'u-1', preferred_username: 'oidc:ada' }, 'u-1'],
  ])('%j is shown as %s', async (claims, name) => {
    const { body } = await me(await provider.sign(claims))
    expect(body.name).toBe(name)
    expect(body.id).toMatch(/^oidc:[0-9a-f]{8}\/u-1$/)
  })
})

it('a subject that looks like the bootstrap key is shown with a prefix', async () => {
  expect((await me(await provider.sign({ sub: 'bootstrap' }))).body.name).toBe('oidc:bootstrap')
})

describe('rejects a token', () => {
  const refused: [string, () => Claims][] = [
    ['that expired longer ago than the allowed clock skew', () => ({ exp: seconds(-35) })],
    ['that never expires', () => ({ exp: undefined })],
    ['that is not valid yet', () => ({ nbf: seconds(60) })],
    ['of another issuer', () => ({ iss: 'https://sso.example.org' })],
    ['of an issuer with a similar name', () => ({ iss: `${provider.issuer}/` })],
    ['without an issuer', () => ({ iss: undefined })],
    ['for another audience', () => ({ aud: 'payroll' })],
    ['without an audience', () => ({ aud: undefined })],
    ['without a subject', () => ({ sub: undefined })],
    ['whose subject cannot be stored', () => ({ sub: 'a\0b' })],
    ['that is an ID token of Keycloak', () => ({ typ: 'ID' })],
    ['that is bound to a key of its holder', () => ({ cnf: { jkt: 'x' } })],
  ]
  it.each(refused)('%s', async (_, claims) => {
    expectProblem(await me(await provider.sign(claims())), 401, 'UNAUTHENTICATED')
  })

  it.each(['nonce', 'at_hash', 'c_hash', 's_hash'])('with the claim %s of an ID token and no mark', async (claim) => {
    const token = await provider.sign({ typ: undefined, [claim]: 'x' }, { typ: 'JWT' })
    expectProblem(await me(token), 401, 'UNAUTHENTICATED')
  })

  it('but not for a nonce in a token that is marked as an access token', async () => {
    expect((await me(await provider.sign({ typ: 'Bearer', nonce: 'n' }))).status).toBe(200)
    expect((await me(await provider.sign({ typ: undefined, nonce: 'n' }, { typ: 'at+jwt' }))).status).toBe(200)
  })

  it('with the reason, if the signature is valid', async () => {
    const { body } = await me(await provider.sign({ exp: seconds(-60) }))
    expect(body.detail).toMatch(/^The token has expired\./)
    expect((await me(await provider.sign({ aud: 'payroll' }))).body.detail).toContain('"aud"')
  })

  it('but not for a small clock skew or additional audiences', async () => {
    expect((await me(await provider.sign({ exp: seconds(-5) }))).status).toBe(200)
    expect((await me(await provider.sign({ nbf: seconds(5) }))).status).toBe(200)
    expect((await me(await provider.sign({ aud: ['payroll', AUDIENCE] }))).status).toBe(200)
  })

  it('without a signature (alg: none)', async () => {
    const { payload, header } = parts(await provider.sign())
    const unsigned = new UnsecuredJWT(payload).encode()
    expectProblem(await me(unsigned), 401, 'UNAUTHENTICATED')
    const kept = `${encode({ ...header, alg: 'none' })}.${unsigned.split('.')[1]}`
    for (const signature of ['', (await provider.sign()).split('.')[2]]) {
      expectProblem(await me(`${kept}.${signature}`), 401, 'UNAUTHENTICATED')
    }
  })

  it('signed with the public key as an HS256 secret', async () => {
    const { payload, header } = parts(await provider.sign())
    const jwk = provider.key().publicKey
    const pem = String(createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' }))
    const secrets = [pem, pem.trim(), JSON.stringify(jwk), String(jwk.n)]
    for (const secret of secrets) {
      const forged = await new SignJWT(payload)
        .setProtectedHeader({ ...header, alg: 'HS256' })
        .sign(createSecretKey(Buffer.from(secret)))
      expectProblem(await me(forged), 401, 'UNAUTHENTICATED')
    }
  })

  it('signed by another key, with its own key id or that of the provider', async () => {
    const stranger = await createKey('stranger')
    expectProblem(await me(await provider.sign({}, {}, stranger)), 401, 'UNAUTHENTICATED')
    expectProblem(await me(await provider.sign({}, { kid: provider.key().kid }, stranger)), 401, 'UNAUTHENTICATED')
    const inline = { jwk: stranger.publicKey, kid: provider.key().kid }
    expectProblem(await me(await provider.sign({}, inline, stranger)), 401, 'UNAUTHENTICATED')
  })

  it('whose claims were changed after signing', async () => {
    const [header, , signature] = (await provider.grant('reports')).split('.')
    const claims = parts(await provider.grant('reports')).payload
    const raised = encode({ ...claims, realm_access: { roles: ['AdministratorGAME'] } })
    expectProblem(await me(`${header}.${raised}.${signature}`), 401, 'UNAUTHENTICATED')
  })

  it('whose type is not that of an access token', async () => {
    expectProblem(await me(await provider.sign({}, { typ: 'logout+jwt' })), 401, 'UNAUTHENTICATED')
    for (const typ of [undefined, 'JWT', 'application/at+jwt']) {
      expect((await me(await provider.sign({}, { typ }))).status).toBe(200)
    }
  })
})

describe('the provider', () => {
  it('rotates its keys: new tokens are accepted without a restart, tokens of the old key are not', async () => {
    const old = await provider.grant('boss')
    expect((await me(old)).status).toBe(200)
    await provider.rotate()
    const renewed = await provider.grant('boss')
    await expect.poll(async () => (await me(renewed)).status, { interval: 200 }).toBe(200)
    expectProblem(await me(old), 401, 'UNAUTHENTICATED')
  })

  it('becomes unavailable: tokens are verified with cached keys, and API keys work', async () => {
    const token = await provider.grant('boss')
    expect((await me(token)).status).toBe(200)
    provider.line.refuse()
    expect((await me(token)).status).toBe(200)
    expect((await system.admin.get('/v1/me')).status).toBe(200)
  })

  it.each(['refuse', 'stall'] as const)(
    'is unavailable from the start (%s): 503 for tokens, API keys work',
    async (fault) => {
      const token = await provider.grant('boss')
      provider.line[fault]()
      const late = await startTestSystem({ worker: false, settings: settings(provider) })
      try {
        const answer = await as(token, late).get('/v1/me')
        expectProblem(answer, 503, 'IDENTITY_PROVIDER_UNAVAILABLE')
        expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
        expect((await late.admin.get('/v1/me')).status).toBe(200)
        provider.line.restore()
        const status = async () => (await as(token, late).get('/v1/me')).status
        await expect.poll(status, { message: 'it is found once it is back' }).toBe(200)
      } finally {
        await late.stop()
      }
    },
  )

  it('is rejected when its discovery document names another issuer', async () => {
    const other = { ...settings(provider), OIDC_ISSUER: provider.issuer.replace('127.0.0.1', 'localhost') }
    const misnamed = await startTestSystem({ worker: false, settings: other })
    try {
      const token = await provider.sign({ iss: other.OIDC_ISSUER })
      expectProblem(await as(token, misnamed).get('/v1/me'), 503, 'IDENTITY_PROVIDER_UNAVAILABLE')
    } finally {
      await misnamed.stop()
    }
  })
})

describe('reads roles from the configured claim', () => {
  it.each([
    ['resource_access.waybill.roles', { resource_access: { waybill: { roles: ['AdministratorGAME'] } } }],
    ['https://game.example/roles', { 'https://game.example/roles': ['AdministratorGAME'] }],
    ['scope', { scope: 'openid AdministratorGAME' }],
  ])('%s', async (path, claims) => {
    const elsewhere = await startTestSystem({
      worker: false,
      settings: { ...settings(provider), OIDC_ROLES_CLAIM: path, OIDC_JWKS_URL: `${provider.issuer}/jwks` },
    })
    try {
      const withRole = await provider.sign({ realm_access: undefined, ...claims })
      expect((await as(withRole, elsewhere).get('/v1/me')).body.role).toBe('admin')
      expectProblem(await as(await provider.sign(), elsewhere).get('/v1/me'), 403, 'FORBIDDEN')
    } finally {
      await elsewhere.stop()
    }
  })

  it.each([
    { realm_access: { roles: 'NotAdministratorGAME' } },
    { realm_access: { roles: { AdministratorGAME: true } } },
    { realm_access: ['AdministratorGAME'] },
    { realm_access: null },
    { roles: ['AdministratorGAME'] },
  ])('finds no role in %j', async (claims) => {
    const token = await provider.sign({ realm_access: undefined, ...claims })
    expectProblem(await me(token), 403, 'FORBIDDEN')
  })
})

describe('the settings may demand', () => {
  const start = (more: Record<string, string>) =>
    startTestSystem({ worker: false, settings: { ...settings(provider), ...more } })

  it('the type at+jwt', async () => {
    const strict = await start({ OIDC_REQUIRE_AT_JWT: 'true' })
    try {
      for (const typ of [undefined, 'JWT']) {
        const answer = await as(await provider.sign({ typ: 'Bearer' }, { typ }), strict).get('/v1/me')
        expectProblem(answer, 401, 'UNAUTHENTICATED')
        expect(answer.body.detail).toContain('at+jwt')
      }
      for (const typ of ['at+jwt', 'application/at+jwt']) {
        expect((await as(await provider.sign({}, { typ }), strict).get('/v1/me')).status).toBe(200)
      }
    } finally {
      await strict.stop()
    }
  })

  it('a scope', async () => {
    const strict = await start({ OIDC_REQUIRED_SCOPE: 'waybill.export' })
    try {
      const status = async (claims: Claims) => (await as(await provider.sign(claims), strict).get('/v1/me')).status
      for (const claims of [{}, { scope: 'openid waybill.exports' }, { scope: { 'waybill.export': true } }]) {
        expect(await status(claims), JSON.stringify(claims)).toBe(403)
      }
      for (const claims of [
        { scope: 'openid waybill.export' },
        { scp: ['waybill.export'] },
        { scp: 'waybill.export' },
      ]) {
        expect(await status(claims), JSON.stringify(claims)).toBe(200)
      }
    } finally {
      await strict.stop()
    }
  })
})

function encode(part: unknown): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url')
}

function parts(token: string): { header: { alg: string; kid: string }; payload: JWTPayload } {
  const [header = '', payload = ''] = token.split('.')
  const decode = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString())
  return { header: decode(header), payload: decode(payload) }
}
