// Sign-in with a real OpenID Connect provider: to its pages and back to the earlier view.
import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair } from 'jose'
import { Provider } from 'oidc-provider'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { type AdminPage, screenshot, startAdminPage } from '../setup/page/admin-page.ts'

// Limits for a hanging test only. A browser on a busy machine is slow, so they are far above the usual times.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 120_000 })

const AUDIENCE = 'waybill'

let server: Server
let handle: RequestListener
let admin: AdminPage
let page: Page
beforeAll(async () => {
  // The provider's address must be known before the page starts, and the page's address before the client is registered.
  server = createServer((request, response) => handle(request, response)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const settings = { OIDC_ISSUER: issuer, OIDC_AUDIENCE: AUDIENCE, OIDC_CLIENT_ID: 'waybill-page' }
  admin = await startAdminPage({ worker: false, settings })
  handle = (await createProvider(issuer, `${admin.url}/auth/callback`)).callback()
  page = await admin.newPage()
})
afterAll(async () => {
  await admin.stop()
  server.close()
  server.closeAllConnections()
})

/** A provider with one public client, which must use PKCE. The user "boss" has the administrator role. */
async function createProvider(issuer: string, redirectUri: string): Promise<Provider> {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true })
  return new Provider(issuer, {
    jwks: { keys: [{ ...(await exportJWK(privateKey)), kid: 'one', alg: 'RS256', use: 'sig' }] },
    clients: [
      {
        client_id: 'waybill-page',
        token_endpoint_auth_method: 'none',
        redirect_uris: [redirectUri],
        grant_types: ['authorization_code'],
      },
    ],
    clientBasedCORS: () => true,
    ttl: { AccessToken: 300, Grant: 600, IdToken: 300, Interaction: 600, Session: 600 },
    findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    extraTokenClaims: (_context, token) => ({
      realm_access: { roles: 'accountId' in token && token.accountId === 'boss' ? ['AdministratorGAME'] : [] },
    }),
    features: {
      resourceIndicators: {
        enabled: true,
        defaultResource: () => `urn:${AUDIENCE}`,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          scope: '',
          audience: AUDIENCE,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
  })
}

/** Signs in on the provider's pages. */
async function signInAtProvider(name: string): Promise<void> {
  await page.getByRole('button', { name: 'Sign in with your organisation' }).click()
  await page.locator('[name=login]').fill(name)
  await page.locator('[name=password]').fill('anything')
  await page.locator('button[type=submit]').click()
  await page.getByText('Authorize').waitFor()
  await page.locator('button[type=submit]').click()
}

it('an administrator of the provider is an administrator here, and returns to the requested view', async () => {
  await page.goto('/health')
  await page.getByRole('button', { name: 'Sign in with your organisation' }).waitFor()
  await screenshot(page, 'sign-in-oidc')
  await signInAtProvider('boss')
  await page.getByRole('heading', { name: 'Health' }).waitFor()
  expect(new URL(page.url()).pathname).toBe('/health')
  await page.getByText('boss').waitFor()
  expect(admin.browserErrors()).toEqual([])
})

it('a user without a role gets an explanation and can go back', async () => {
  await page.context().clearCookies()
  await page.getByRole('button', { name: 'Sign out' }).click()
  await signInAtProvider('guest')
  await page.getByText('has no role in Waybill').waitFor()
  await page.getByRole('button', { name: 'Back to sign-in' }).click()
  await page.getByRole('button', { name: 'Sign in with your organisation' }).waitFor()
})

it('rejects a response without a started sign-in, so that a link cannot sign a user in', async () => {
  await page.goto(`/auth/callback?code=stolen&state=guessed`)
  await page.getByText('Sign-in failed').waitFor()
  expect(await page.evaluate<string | null>(`sessionStorage.getItem('waybill.session')`)).toBeNull()
})
