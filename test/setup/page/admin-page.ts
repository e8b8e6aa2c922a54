// Starts a whole system and the admin page in a real browser, with TCP proxies in front of the API and the source database.
import { execFile } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import { expect, inject } from 'vitest'
import { endpointOf, startTcpProxy, type TcpProxy } from '../network/tcp-proxy.ts'
import { startTestSystem, type TestSystem, type TestSystemOptions } from '../system.ts'
import { launchBrowser } from './browser.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const SCREENSHOTS = fileURLToPath(new URL('../../browser/screenshots', import.meta.url))

/** Limit for one wait in the browser. Far above the usual times, because the machine may be busy. */
const WAIT_TIMEOUT_MS = 120_000

export interface AdminPage {
  readonly system: TestSystem
  /** The address of the page, through the proxy `line`. */
  readonly url: string
  /** The proxy between the browser and the API. */
  readonly line: TcpProxy
  /** The proxy between the system and the source database. While it is stalled, exports make no progress. */
  readonly source: TcpProxy
  /** A new tab in a new browser context, without cookies and storage. */
  newPage(options?: BrowserContextOptions): Promise<Page>
  /** Errors in the browser since the last call: uncaught exceptions and console errors, also of the content policy. */
  browserErrors(): string[]
  stop(): Promise<void>
}

export async function startAdminPage(options: TestSystemOptions = {}): Promise<AdminPage> {
  // `npm test` has built the page already; a direct call of vitest has not.
  await promisify(execFile)(process.execPath, ['scripts/run.mjs', 'build'], { cwd: ROOT })
  const source = await startTcpProxy(endpointOf(inject('postgresUrl')))
  const [system, browser] = await Promise.all([startTestSystem({ ...options, source }), launchBrowser()])
  const line = await startTcpProxy(endpointOf(system.url))
  const url = `http://127.0.0.1:${line.port}`
  const browserErrors: string[] = []
  return {
    ...{ system, url, line, source },
    newPage: async (contextOptions) => openPage(browser, url, browserErrors, contextOptions),
    browserErrors: () => browserErrors.splice(0),
    async stop() {
      await browser.close()
      await line.close()
      source.restore()
      await system.stop()
      await source.close()
    },
  }
}

async function openPage(browser: Browser, url: string, browserErrors: string[], options: BrowserContextOptions = {}) {
  const context: BrowserContext = await browser.newContext({
    ...{ baseURL: url, viewport: { width: 1280, height: 800 }, locale: 'en-GB', timezoneId: 'Europe/Rome' },
    ...{ reducedMotion: 'reduce', acceptDownloads: true },
    ...options,
  })
  context.setDefaultTimeout(WAIT_TIMEOUT_MS)
  const page = await context.newPage()
  page.on('pageerror', (error) => browserErrors.push(error.message))
  page.on('console', (message) => {
    // Some tests make requests fail on purpose and check what the page shows.
    if (message.type() === 'error' && !/Failed to load resource/.test(message.text()))
      browserErrors.push(message.text())
  })
  return page
}

export async function signIn(page: Page, key: string, path = '/'): Promise<void> {
  await page.goto(path)
  await page.getByLabel('API key').fill(key)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.getByRole('navigation').waitFor()
}

/** Saves a picture of the page for review by a person. */
export async function screenshot(page: Page, name: string): Promise<void> {
  await mkdir(SCREENSHOTS, { recursive: true })
  await page.screenshot({ path: `${SCREENSHOTS}/${name}.png` })
}

/** Polls until the expectation holds. */
export const eventually = <T>(look: () => Promise<T> | T) => expect.poll(look, { timeout: WAIT_TIMEOUT_MS })
