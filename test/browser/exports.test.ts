// Exports on the admin page in a real browser: from sign-in to the downloaded file, and the handling of errors.
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { parse } from 'csv-parse/sync'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { loadSample } from '../../apps/standalone/src/sample.ts'
import { ERRORS } from '../../packages/shared/src/vocabulary/errors.ts'
import { withClient } from '../setup/database.ts'
import { type AdminPage, eventually, screenshot, signIn, startAdminPage } from '../setup/page/admin-page.ts'
import { ADMIN_KEY } from '../setup/system.ts'

// Limits for a hanging test only. A browser on a busy machine is slow, so they are far above the usual times.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 120_000 })

const ROWS = 5_000

let admin: AdminPage
let page: Page
beforeAll(async () => {
  admin = await startAdminPage()
  await loadSample(admin.system.database.url, { rows: ROWS })
  await query('ANALYZE')
  page = await admin.newPage()
})
afterEach(() => {
  admin.line.restore()
  expect(admin.browserErrors()).toEqual([])
})
afterAll(() => admin.stop())

const query = (sql: string) => withClient(admin.system.database.url, (client) => client.query(sql))
const heading = (name: string) => page.getByRole('heading', { name, exact: true })
const button = (name: string) => page.getByRole('button', { name, exact: true })
const tick = (column: string) => page.getByRole('checkbox', { name: new RegExp(`^${column} `) })
const latest = async () => (await admin.system.admin.get('/v1/exports?scope=all&limit=1')).body.items[0]

/** Opens the form and chooses the dataset. */
async function openForm(dataset: string): Promise<void> {
  admin.source.restore()
  await page.getByRole('link', { name: 'New export' }).first().click()
  await page.getByRole('radio', { name: dataset }).check({ force: true })
}

/** Starts the export, lets it read some rows until its rate is known, then stalls the source database. */
async function startAndHold(): Promise<void> {
  await page.getByText('about 5,000 in total').waitFor()
  admin.source.throttle(60_000)
  await button('Start export').click()
  await page.getByText(/[1-9][\d,]* of about [\d,]+ rows .* rows\/s/).waitFor()
  admin.source.stall()
}

describe('sign-in', () => {
  it('rejects a wrong key and accepts a valid one', async () => {
    await page.goto('/')
    await page.getByLabel('API key').fill('not a key')
    await page.keyboard.press('Enter')
    await page.getByText('This API key is not valid').waitFor()
    await screenshot(page, 'sign-in')
    await signIn(page, ADMIN_KEY)
    await heading('Exports').waitFor()
    await page.getByText('No exports yet').waitFor()
    await screenshot(page, 'empty')
  })

  it('keeps the key in this tab: not in other tabs, the address or localStorage', async () => {
    const other = await page.context().newPage()
    await other.goto('/')
    await other.getByRole('heading', { name: 'Sign in' }).waitFor()
    await other.close()
    expect(page.url()).not.toContain(ADMIN_KEY)
    expect(await page.evaluate(() => Object.keys(localStorage))).toEqual([])
  })
})

describe('an export', () => {
  it('has a preview with the rows, the column order and the row count of the file', async () => {
    await openForm('User points')
    await page.getByText('about 5,000 in total').waitFor()
    await page.getByRole('button', { name: 'None' }).click()
    await page.getByText('Select at least one column.').waitFor()
    expect(await button('Start export').isDisabled()).toBe(true)
    // No rows of another choice are shown as if they belonged to this one.
    await page.getByText('The preview appears when the form is complete.').waitFor()
    expect(await page.getByRole('table').count()).toBe(0)
    for (const column of ['points', 'created_at', 'externalGameId']) await tick(column).check()
    // With the keyboard only. The focus stays on the moved column.
    await button('Move points up').focus()
    for (let place = 6; place > 1; place--) await page.keyboard.press('Enter')
    expect(await page.locator(':focus').getAttribute('aria-label')).toBe('Move points down')
    await eventually(() => page.getByRole('table').getByRole('columnheader').allTextContents()).toEqual([
      'points',
      'created_at',
      'externalGameId',
    ])
    await page.getByRole('textbox', { name: 'externalGameId' }).fill('game-1')
    await screenshot(page, 'export')
    await page.getByLabel('Excel-friendly CSV').check()
    await button('Raw').click()
    await eventually(() => page.locator('pre').textContent()).toMatch(
      /^\ufeffpoints,created_at,externalGameId\r\n-?\d+,/,
    )
    await eventually(() => page.locator('pre').textContent()).not.toContain('game-2')
    await screenshot(page, 'preview')
  })

  it('is downloaded with one click, with the documented name, checksum and rows', async () => {
    await button('Start export').click()
    await heading('User points').waitFor()
    await eventually(() => page.title()).toMatch(/^✓ Done/)
    const [download] = await Promise.all([page.waitForEvent('download'), button('Download').click()])
    const done = await latest()
    expect(download.suggestedFilename()).toBe(done.filename)
    const file = await readFile(await download.path())
    expect(createHash('sha256').update(file).digest('hex')).toBe(done.sha256)
    await page.getByText(done.sha256).waitFor()
    const rows = parse(file, { bom: true, columns: true }) as Record<string, string>[]
    const { rows: expected } = await query(
      `SELECT p.points::text AS points FROM userpoints p JOIN tasks t ON t.id = p."taskId" JOIN games g ON g.id = t."gameId"
       WHERE g."externalGameId" = 'game-1' ORDER BY p.created_at, p.id`,
    )
    expect(rows.map(({ points }) => points)).toEqual(expected.map(({ points }) => points))
    // The timeline shows the download.
    await page.getByText('Downloaded', { exact: true }).waitFor()
    await screenshot(page, 'details')
  })

  it('can be repeated with the same options, and copied as a curl command without the key', async () => {
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    await button('Copy as cURL').click()
    await button('Copied').waitFor()
    const command = await page.evaluate<string>('navigator.clipboard.readText()')
    expect(command).toContain(`${admin.url}/v1/exports`)
    expect(command).toContain('"columns":["points","created_at","externalGameId"]')
    expect(command).not.toContain(ADMIN_KEY)
    await page.getByRole('link', { name: 'Export again' }).click()
    await page.getByText('Filled in from an earlier export.').waitFor()
    expect(await page.getByRole('textbox', { name: 'externalGameId' }).inputValue()).toBe('game-1')
    expect(await page.getByLabel('Excel-friendly CSV').isChecked()).toBe(true)
    await button('Start over').click()
    expect(await page.getByRole('textbox', { name: 'externalGameId' }).inputValue()).toBe('')
  })

  it('shows its progress while it runs: rows, rate, time left, and the document title', async () => {
    await openForm('User points')
    await startAndHold()
    await heading('User points').waitFor()
    await page.getByText(/rows\/s · about .* left/).waitFor()
    await eventually(() => page.title()).toMatch(/^\d+% · User points · Waybill$/)
    await page.getByText('Started', { exact: true }).waitFor()
    await screenshot(page, 'progress')
    await page.getByRole('link', { name: 'Exports' }).click()
    await page
      .getByRole('row', { name: /User points/ })
      .getByRole('progressbar')
      .waitFor()
    await eventually(() => page.title()).toMatch(/^\d+% · Exports/)
    await screenshot(page, 'list-running')
  })

  it('is polled no more often than Retry-After allows, and unchanged responses are 304', async () => {
    const responses: { status: number; at: number }[] = []
    const note = (response: { url(): string; status(): number }) => {
      if (response.url().includes('/v1/exports?')) responses.push({ status: response.status(), at: Date.now() })
    }
    page.on('response', note)
    // The export is stalled, so nothing changes: heartbeats change no number.
    await eventually(() => responses.filter(({ status }) => status === 304).length).toBeGreaterThanOrEqual(3)
    page.off('response', note)
    const gaps = responses.slice(1).map(({ at }, index) => at - (responses[index]?.at ?? 0))
    expect(Math.min(...gaps)).toBeGreaterThan(900)
  })

  it('stops in the middle of its rows when it is canceled', async () => {
    await page
      .getByRole('row', { name: /User points/ })
      .getByRole('link')
      .first()
      .click()
    await button('Cancel export').click()
    await button('Keep running').click()
    await button('Cancel export').click()
    await screenshot(page, 'cancel')
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel export' }).click()
    await page.getByText('This export was canceled. There is no file.').waitFor()
    expect((await latest()).status).toBe('canceled')
    expect(await button('Download').count()).toBe(0)
  })

  it('shows why it failed and what to do, and “Try again” fills in the form', async () => {
    await openForm('User interactions')
    await page.getByText('about').waitFor()
    await page.getByLabel('Row limit').fill('7')
    await query('ALTER TABLE useractions RENAME TO elsewhere')
    await button('Start export').click()
    await heading(ERRORS.SOURCE_TABLE_MISSING.title).waitFor()
    await page.getByText('SOURCE_TABLE_MISSING').waitFor()
    await page.getByText(ERRORS.SOURCE_TABLE_MISSING.advice).waitFor()
    await screenshot(page, 'failed')
    await query('ALTER TABLE elsewhere RENAME TO useractions')
    await page.getByRole('link', { name: 'Try again' }).click()
    expect(await page.getByRole('radio', { name: 'User interactions' }).isChecked()).toBe(true)
    expect(await page.getByLabel('Row limit').inputValue()).toBe('7')
    await button('Start export').click()
    await button('Download').waitFor()
    await page.getByText('Limited to 7 rows; more rows match.').waitFor()
  })
})

describe('the new export form', () => {
  it('shows at the dates that the first day is after the last one, and does not start', async () => {
    await openForm('User points')
    await page.getByLabel('Date range').selectOption('custom')
    await page.getByLabel('From').fill('2026-03-02')
    await page.getByLabel('To', { exact: true }).fill('2026-03-01')
    await page.getByText('The first day must not be after the last day.').waitFor()
    await page.getByText('Correct the marked fields first.').waitFor()
    expect(await button('Start export').isDisabled()).toBe(true)
    await screenshot(page, 'dates-reversed')
    await page.getByLabel('Date range').selectOption('all')
  })

  it('gives the exact number of rows when the preview has them all', async () => {
    await page.getByLabel('Row limit').fill('8')
    await page.getByText('All 8 rows').waitFor()
    await page.getByLabel('Row limit').fill('')
  })
})

describe('the list of exports', () => {
  it('is filtered by dataset, status, requester and day, and the address keeps the filters', async () => {
    await page.getByRole('link', { name: 'Exports' }).click()
    await page.getByLabel('Dataset').selectOption('User points')
    await page.getByLabel('Status', { exact: true }).selectOption('Canceled')
    const rows = page.getByRole('table').getByRole('row')
    await eventually(() => rows.count()).toBe(2)
    await page.getByLabel('Requested by').fill('no such name')
    await page.getByText('No results').waitFor()
    await page.getByLabel('Requested by').fill('BOOT')
    await eventually(() => rows.count()).toBe(2)
    const today = await page.evaluate(() => new Date().toLocaleDateString('sv'))
    await page.getByLabel('From').fill(today)
    await page.getByLabel('To').fill(today)
    await eventually(() => rows.count()).toBe(2)
    await page.reload()
    await eventually(() => rows.count()).toBe(2)
    await page.getByLabel('From').fill('2001-01-01')
    await page.getByLabel('To').fill('2001-01-02')
    await page.getByText('No results').waitFor()
    await button('Clear').first().click()
    await eventually(() => rows.count()).toBeGreaterThan(3)
    await screenshot(page, 'list')
  })
})

describe('an address with an invalid day', () => {
  it('shows the view without that filter', async () => {
    await page.goto('/?from=abc')
    await heading('Exports').waitFor()
    await eventually(() => page.getByRole('table').getByRole('row').count()).toBeGreaterThan(3)
    await page.goto('/audit?from=abc&to=2026-02-30')
    await heading('Audit trail').waitFor()
    await page.getByRole('table').getByText('Requested').first().waitFor()
  })
})

describe('a lost connection', () => {
  it('of a single action leaves no banner behind on a view without other requests', async () => {
    await page.goto('/keys')
    await heading('API keys').waitFor()
    // One response as the API sends it while its database is unavailable. All suites share the real database.
    await page.route(
      '**/v1/api-keys',
      (route) =>
        route.fulfill({
          ...{ status: 503, contentType: 'application/problem+json' },
          body: JSON.stringify({ status: 503, code: 'DATABASE_UNAVAILABLE', title: ERRORS.DATABASE_UNAVAILABLE.title }),
        }),
      { times: 1 },
    )
    await button('New key').click()
    await page.getByLabel('Name').fill('never created')
    await button('Create key').click()
    await page.getByText('database is temporarily unavailable').waitFor()
    await page.getByText('database is temporarily unavailable').waitFor({ state: 'detached' })
    await page.keyboard.press('Escape')
  })

  it('is shown, keeps the content, and is restored automatically', async () => {
    await openForm('User points')
    await startAndHold()
    admin.line.refuse()
    await page.getByText('Connection to Waybill lost.').waitFor()
    await heading('User points').waitFor()
    await screenshot(page, 'connection-lost')
    admin.source.restore()
    admin.line.restore()
    await page.getByText('Connection to Waybill lost.').waitFor({ state: 'detached' })
    await button('Download').waitFor()
  })
})

describe('the health view', () => {
  it('does not say that all is operational while Waybill does not answer, and says how old its data is', async () => {
    await page.getByRole('link', { name: 'Health' }).click()
    await page.getByText('All systems operational').waitFor()
    admin.line.refuse()
    await page.getByText('Unknown: no answer from Waybill').waitFor()
    await page.getByText(/^Out of date: last updated/).waitFor()
    await screenshot(page, 'health-unknown')
    expect(await page.getByText('All systems operational').count()).toBe(0)
    admin.line.restore()
    await page.getByText('All systems operational').waitFor()
    await page.getByText(/^Out of date/).waitFor({ state: 'detached' })
  })
})

describe('an address that the page does not have', () => {
  it('shows the page with a way back, and not JSON', async () => {
    await page.goto('/exprots')
    await page.getByRole('navigation').waitFor()
    await screenshot(page, 'unknown-address')
    await heading('Page not found').waitFor()
  })
})

describe('an expired session', () => {
  it('returns to the same view and the same draft after sign-in', async () => {
    const { body: key } = await admin.system.admin.post('/v1/api-keys', { name: 'brief', role: 'exporter' })
    const { body: next } = await admin.system.admin.post('/v1/api-keys', { name: 'next', role: 'exporter' })
    await page.getByRole('button', { name: 'Sign out' }).click()
    await signIn(page, key.key, '/new')
    await page.getByRole('radio', { name: 'Wallet transactions' }).check({ force: true })
    await page.getByLabel('Row limit').fill('12')
    await page.getByText('All 12 rows').waitFor()
    await admin.system.admin.delete(`/v1/api-keys/${key.id}`)
    await page.getByLabel('Row limit').fill('13')
    await page.getByText('Your session has expired.').waitFor()
    await screenshot(page, 'expired')
    await page.getByLabel('API key').fill(next.key)
    await page.keyboard.press('Enter')
    await heading('New export').waitFor()
    expect(await page.getByRole('radio', { name: 'Wallet transactions' }).isChecked()).toBe(true)
    expect(await page.getByLabel('Row limit').inputValue()).toBe('13')
    // The new user is an exporter, so the page has no links for administrators.
    expect(await page.getByRole('link', { name: 'Health' }).count()).toBe(0)
  })
})
