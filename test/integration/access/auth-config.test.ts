// GET /auth/config.json: the login settings that the admin page reads before login.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createApiClient } from '../../setup/api/api-client.ts'
import { startTestSystem, type TestSystem } from '../../setup/system.ts'

const OIDC = { OIDC_ISSUER: 'https://sso.example.com/realms/game', OIDC_AUDIENCE: 'waybill' }

let plain: TestSystem
let withLogin: TestSystem
beforeAll(async () => {
  plain = await startTestSystem({ worker: false })
  withLogin = await startTestSystem({ worker: false, settings: { ...OIDC, OIDC_CLIENT_ID: 'waybill-admin' } })
})
afterAll(async () => {
  await plain.stop()
  await withLogin.stop()
})

it('returns the identity provider without a token, or null without a provider', async () => {
  const ask = ({ url }: TestSystem) => createApiClient(url, undefined).get('/auth/config.json')
  expect((await ask(plain)).body).toEqual({ oidc: null })
  expect((await ask(withLogin)).body).toEqual({
    oidc: { issuer: 'https://sso.example.com/realms/game', clientId: 'waybill-admin', scopes: 'openid profile' },
  })
})
