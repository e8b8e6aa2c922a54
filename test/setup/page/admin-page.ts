// The admin page in a real browser, on a whole system whose lines can be cut: to the API, and to the source.
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

/** As long as a machine may take that is busy with everything else, too (milliseconds). */
const PATIENCE = 20_000

export interface AdminPage {
  readonly system: TestSystem
  /** Where the browser finds the page: behind `line`. */
  readonly url: string
  /** Between the browser and the API. */
  readonly line: TcpProxy
  /** Between everybody and the database that is exported: stalled, exports stand still where they are. */
  readonly source: TcpProxy
  /** A tab of its own, as of somebody who has never been here. */
  newPage(options?: BrowserContextOptions): Promise<Page>
  /** What the browser complained of since the last call: scripts that failed, what the policy refused. */
  complaints(): string[]
  stop(): Promise<void>
}

export async function startAdminPage(options: TestSystemOptions = {}): Promise<AdminPage> {
  // npm test has done so; whoever runs one file by itself has not.
  await promisify(execFile)(process.execPath, ['scripts/run.mjs', 'build'], { cwd: ROOT })
  const source = await startTcpProxy(endpointOf(inject('postgresUrl')))
  const [system, browser] = await Promise.all([startTestSystem({ ...options, source }), launchBrowser()])
  const line = await startTcpProxy(endpointOf(system.url))
  const url = `http://127.0.0.1:${line.port}`
  const complaints: string[] = []
  return {
    ...{ system, url, line, source },
    newPage: async (contextOptions) => openPage(browser, url, complaints, contextOptions),
    complaints: () => complaints.splice(0),
    async stop() {
      await browser.close()
      await line.close()
      source.restore()
      await system.stop()
      await source.close()
    },
  }
}

async function openPage(browser: Browser, url: string, complaints: string[], options: BrowserContextOptions = {}) {
  const context: BrowserContext = await browser.newContext({
    ...{ baseURL: url, viewport: { width: 1280, height: 800 }, locale: 'en-GB', timezoneId: 'Europe/Rome' },
    ...{ reducedMotion: 'reduce', acceptDownloads: true },
    ...options,
  })
  context.setDefaultTimeout(PATIENCE)
  const page = await context.newPage()
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    // That a request failed is what some tests are about; the page's own words are under test there.
    if (message.type() === 'error' && !/Failed to load resource/.test(message.text())) complaints.push(message.text())
  })
  return page
}

export async function signIn(page: Page, key: string, path = '/'): Promise<void> {
  await page.goto(path)
  await page.getByLabel('API key').fill(key)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.getByRole('navigation').waitFor()
}

/** Written for people to look at: the page is right only when it also looks right. */
export async function screenshot(page: Page, name: string): Promise<void> {
  await mkdir(SCREENSHOTS, { recursive: true })
  await page.screenshot({ path: `${SCREENSHOTS}/${name}.png` })
}

/** Waits until this is so, as long as a busy machine takes. */
export const eventually = <T>(look: () => Promise<T> | T) => expect.poll(look, { timeout: PATIENCE })
