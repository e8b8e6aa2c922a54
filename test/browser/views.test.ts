// Every view of the admin page: accessibility rules, light and dark colours, keyboard, narrow screens; with screenshots.
import axe from 'axe-core'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { loadSample } from '../../apps/standalone/src/sample.ts'
import { withClient } from '../setup/database.ts'
import { type Receiver, startReceiver } from '../setup/network/webhook-receiver.ts'
import { type AdminPage, eventually, screenshot, signIn, startAdminPage } from '../setup/page/admin-page.ts'
import { ADMIN_KEY } from '../setup/system.ts'

// Limits for a hanging test only. A browser on a busy machine is slow, so they are far above the usual times.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 120_000 })

let admin: AdminPage
let page: Page
let receiver: Receiver
const exports: Record<'completed' | 'failed' | 'waiting', string> = { completed: '', failed: '', waiting: '' }
beforeAll(async () => {
  receiver = await startReceiver()
  admin = await startAdminPage({
    settings: { WEBHOOK_ALLOW_HTTP: 'true', WEBHOOK_ALLOWED_NETWORKS: '127.0.0.0/8' },
  })
  const { database, admin: api } = admin.system
  await loadSample(database.url, { rows: 2_000 })
  await api.post('/v1/api-keys', { name: 'monthly report', role: 'exporter', datasets: ['users'] })
  const limited = { dataset: 'wallet-transactions', format: 'xlsx', limit: 100, filters: { dateFrom: '2026-02-01' } }
  exports.completed = (await api.export(limited)).id
  await api.export({ dataset: 'user-points', format: 'csv', filters: { externalGameId: 'game-1' } })
  await withClient(database.url, (client) => client.query('ALTER TABLE useractions RENAME TO elsewhere'))
  exports.failed = (await api.export({ dataset: 'user-interactions', format: 'ndjson' })).id
  exports.waiting = (await api.post('/v1/exports', { dataset: 'users', format: 'csv', limit: 10 })).body.id
  await api.ended(exports.waiting)
  await withClient(database.url, (client) =>
    client.query(
      `UPDATE waybill.exports SET status = 'queued', waiting_for = 'storage', next_attempt_at = now() + interval '1 hour',
         row_count = NULL, sha256 = NULL, artifact_key = NULL, finished_at = NULL, expires_at = NULL WHERE id = $1`,
      [exports.waiting],
    ),
  )
  page = await admin.newPage()
})
afterEach(() => expect(admin.browserErrors()).toEqual([]))
afterAll(async () => {
  await admin.stop()
  await receiver.close()
})

type Impact = 'minor' | 'moderate' | 'serious' | 'critical'

/** The violations that axe finds, each with its first element. */
async function violations(rules?: readonly string[]): Promise<string[]> {
  // Through the debugger protocol, because the Content-Security-Policy blocks added scripts.
  await page.evaluate(axe.source)
  const only = rules === undefined ? '{}' : JSON.stringify({ runOnly: { type: 'rule', values: rules } })
  const results = await page.evaluate<{ violations: { id: string; impact: Impact; nodes: { html: string }[] }[] }>(
    `axe.run(document, ${only})`,
  )
  return results.violations.map(({ id, impact, nodes }) => `${impact} ${id}: ${nodes[0]?.html.slice(0, 200)}`)
}

/** Width in pixels by which the content exceeds the window. */
const overflow = () =>
  page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth')

async function expectAccessible(name: string): Promise<void> {
  await page.emulateMedia({ colorScheme: 'light' })
  await screenshot(page, name)
  expect(await violations(), 'light').toEqual([])
  await page.emulateMedia({ colorScheme: 'dark' })
  await screenshot(page, `${name}-dark`)
  expect(await violations(['color-contrast']), 'dark').toEqual([])
  await page.emulateMedia({ colorScheme: 'light' })
  await page.setViewportSize({ width: 360, height: 740 })
  await screenshot(page, `${name}-narrow`)
  expect(await overflow(), 'at 360 pixels').toBe(0)
  await page.setViewportSize({ width: 1280, height: 800 })
}

it('the sign-in view is accessible, light, dark and at 360 pixels', async () => {
  await page.goto('/')
  await page.getByLabel('API key').waitFor()
  await expectAccessible('view-sign-in')
  await signIn(page, ADMIN_KEY)
})

const VIEWS: readonly (readonly [what: string, name: string, path: () => string, text: string])[] = [
  ['the list', 'list', () => '/', 'Wallet transactions'],
  ['the new export form', 'new', () => '/new', 'about'],
  ['a completed export', 'completed', () => `/exports/${exports.completed}`, 'Limited to 100 rows'],
  ['a failed export', 'failed', () => `/exports/${exports.failed}`, 'SOURCE_TABLE_MISSING'],
  [
    'an export that waits for the storage',
    'waiting',
    () => `/exports/${exports.waiting}`,
    'waiting for the object storage · next attempt in',
  ],
  ['the API keys', 'keys', () => '/keys', 'monthly report'],
  ['the audit trail', 'audit', () => '/audit', 'Requested'],
  ['the health view', 'health', () => '/health', 'Online'],
  [
    'the health view with exports that wait',
    'health-waiting',
    () => '/health',
    '1 export waits for the object storage',
  ],
  ['an unknown export', 'not-found', () => `/exports/01a206bd-3a7c-70dd-b151-2b1407fb87af`, 'Export not found'],
]

describe.each(VIEWS)('%s', (_what, name, path, text) => {
  it('is accessible, light, dark and at 360 pixels', async () => {
    await page.goto(path())
    await page.locator('main').getByText(text).filter({ visible: true }).first().waitFor()
    await expectAccessible(`view-${name}`)
  })
})

it('the facts of an export do not overlap in US English, whose times are longer', async () => {
  const tab = await admin.newPage({ locale: 'en-US' })
  await signIn(tab, ADMIN_KEY, `/exports/${exports.completed}`)
  await tab.getByText('Limited to 100 rows').waitFor()
  await screenshot(tab, 'view-completed-us')
  const widths = await tab
    .locator('.facts > div')
    .evaluateAll((facts) => facts.map(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth))
  expect(Math.max(...widths)).toBe(0)
  await tab.close()
})

it('a dialog is accessible, closes on Escape, and returns the focus', async () => {
  await page.goto('/keys')
  const opener = page.getByRole('button', { name: 'New key' })
  await opener.click()
  await page.getByRole('dialog', { name: 'New API key' }).waitFor()
  expect(await violations()).toEqual([])
  await screenshot(page, 'view-new-key')
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  expect(await opener.evaluate((element) => element === element.ownerDocument.activeElement)).toBe(true)
})

it('an API key is created, shown once, and revoked', async () => {
  await page.getByRole('button', { name: 'New key' }).click()
  await page.getByLabel('Name').fill('for a test')
  await page.getByLabel('Users').check()
  await page.getByRole('button', { name: 'Create key' }).click()
  const secret = await page.getByRole('dialog', { name: 'Your new key' }).locator('code').textContent()
  const { status } = await fetch(`${admin.url}/v1/me`, { headers: { authorization: `Bearer ${secret}` } })
  expect(status).toBe(200)
  // Escape must not close the dialog. Press it twice, because browsers let a page refuse only the first.
  await page.keyboard.press('Escape')
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'I have saved it' }).click()
  expect(await page.content()).not.toContain(secret)
  await page.getByRole('button', { name: 'Revoke for a test' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click()
  await page
    .getByRole('row', { name: /for a test/ })
    .getByText('Revoked')
    .waitFor()
})

it('a webhook endpoint is added and tested; a delivery shows its response and can be redelivered', async () => {
  receiver.answer = (response) => void response.writeHead(500).end('the receiver is out of order')
  await page.goto('/webhooks')
  await page.getByText('No endpoints yet').waitFor()
  await page.getByRole('button', { name: 'New endpoint' }).click()
  await page.getByLabel('URL').fill('ftp://example.com')
  await page.getByRole('button', { name: 'Add endpoint' }).click()
  await page.getByRole('dialog').locator('.field .error').waitFor()
  await page.getByLabel('URL').fill(`${receiver.url}hook`)
  await page.getByRole('button', { name: 'Add endpoint' }).click()
  await page.getByText(/^whsec_/).waitFor()
  await page.getByRole('button', { name: 'I have saved it' }).click()
  await page.getByRole('link', { name: `${receiver.url}hook` }).click()
  await page.getByText('No deliveries yet').waitFor()
  await page.getByRole('button', { name: 'Send test' }).click()
  await page.getByText(/^500 in \d+ ms/).waitFor()
  await page.getByText('Response body').click()
  await page.getByText('the receiver is out of order').waitFor()
  await expectAccessible('view-webhook')
  receiver.answer = (response) => void response.writeHead(204).end()
  await page.getByRole('button', { name: 'Redeliver Test' }).click()
  await page.getByText(/^204 in \d+ ms/).waitFor()
  expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(1)
  await page.getByRole('button', { name: 'Disable' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Disable' }).click()
  await page.getByText('Disabled by an administrator.').waitFor()
})

it('older deliveries of an endpoint are on further pages', async () => {
  await withClient(admin.system.database.url, (client) =>
    client.query(
      `INSERT INTO waybill.webhook_deliveries (id, endpoint_id, type, data, status, created_at, ended_at)
       SELECT gen_random_uuid(), endpoint_id, type, data, status, created_at - n * interval '1 hour', ended_at
       FROM waybill.webhook_deliveries, generate_series(1, 50) n`,
    ),
  )
  await withClient(admin.system.database.url, (client) =>
    client.query(
      `UPDATE waybill.webhook_deliveries SET status = 'pending', ended_at = NULL, next_attempt_at = now() + interval '2 hours'
       WHERE id = (SELECT id FROM waybill.webhook_deliveries ORDER BY created_at DESC LIMIT 1)`,
    ),
  )
  await page.reload()
  await page.getByText(/next in (1|2) hours/).waitFor()
  await screenshot(page, 'view-deliveries')
  const rows = page.getByRole('table').getByRole('row')
  await page.getByRole('button', { name: 'Older' }).click()
  await eventually(() => rows.count()).toBe(2)
  await page.getByRole('button', { name: 'Newest' }).click()
  await eventually(() => rows.count()).toBe(51)
})

it('an export is created with the keyboard alone', async () => {
  await page.goto('/')
  await page.getByRole('link', { name: 'Skip to content' }).waitFor({ state: 'attached' })
  await page.keyboard.press('Tab')
  expect(await page.locator(':focus').textContent()).toBe('Skip to content')
  await page.keyboard.press('Tab')
  expect(await page.locator(':focus').textContent()).toBe('New export')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'New export' }).waitFor()
  // The focus is on the heading of the new view, so the next stop is the first choice.
  await page.keyboard.press('Tab')
  await page.keyboard.press('ArrowDown')
  expect(await page.getByRole('radio', { name: 'User points' }).isChecked()).toBe(true)
  await page.getByRole('button', { name: 'Start export' }).focus()
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: 'Download' }).waitFor()
})
