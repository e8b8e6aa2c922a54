// Signing in with the organisation's own provider, a real one: there, and back to where one was.
import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair } from 'jose'
import { Provider } from 'oidc-provider'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { type AdminPage, screenshot, startAdminPage } from '../setup/page/admin-page.ts'

// A browser beside everything else, on a machine that has little to spare: a ceiling for what hangs, no expectation.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 120_000 })

const AUDIENCE = 'waybill'

let server: Server
let answer: RequestListener
let admin: AdminPage
let page: Page
beforeAll(async () => {
  // Its address is known before the page's, and the page's before it knows its client.
  server = createServer((request, response) => answer(request, response)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const settings = { OIDC_ISSUER: issuer, OIDC_AUDIENCE: AUDIENCE, OIDC_CLIENT_ID: 'waybill-page' }
  admin = await startAdminPage({ worker: false, settings })
  answer = (await createProvider(issuer, `${admin.url}/auth/callback`)).callback()
  page = await admin.newPage()
})
afterAll(async () => {
  await admin.stop()
  server.close()
  server.closeAllConnections()
})

/** Knows one public client, which must prove itself by PKCE. Whoever signs in is an administrator if their name says so. */
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

/** On the provider's own pages. */
async function signInThere(name: string): Promise<void> {
  await page.getByRole('button', { name: 'Sign in with your organisation' }).click()
  await page.locator('[name=login]').fill(name)
  await page.locator('[name=password]').fill('anything')
  await page.locator('button[type=submit]').click()
  await page.getByText('Authorize').waitFor()
  await page.locator('button[type=submit]').click()
}

it('who is an administrator there is one here, and comes back to where they wanted to go', async () => {
  await page.goto('/health')
  await page.getByRole('button', { name: 'Sign in with your organisation' }).waitFor()
  await screenshot(page, 'sign-in-oidc')
  await signInThere('boss')
  await page.getByRole('heading', { name: 'Health' }).waitFor()
  expect(new URL(page.url()).pathname).toBe('/health')
  await page.getByText('boss').waitFor()
  expect(admin.complaints()).toEqual([])
})

it('who has no role is told so, and can go back', async () => {
  await page.context().clearCookies()
  await page.getByRole('button', { name: 'Sign out' }).click()
  await signInThere('guest')
  await page.getByText('has no role in Waybill').waitFor()
  await page.getByRole('button', { name: 'Back to sign-in' }).click()
  await page.getByRole('button', { name: 'Sign in with your organisation' }).waitFor()
})

it('an answer that nobody asked for is refused: a link cannot sign anyone in', async () => {
  await page.goto(`/auth/callback?code=stolen&state=guessed`)
  await page.getByText('Sign-in failed').waitFor()
  expect(await page.evaluate<string | null>(`sessionStorage.getItem('waybill.session')`)).toBeNull()
})
