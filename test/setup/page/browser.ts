// Starts the Chromium of the operating system for the tests of the admin page, with Playwright.
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { type Browser, chromium } from 'playwright-core'

/** The names of the Chromium and Chrome programs (scripts/programs.mjs installs one of them). */
const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

export function launchBrowser(): Promise<Browser> {
  const directories = (process.env.PATH ?? '').split(delimiter)
  const found = NAMES.flatMap((name) => directories.map((directory) => join(directory, name))).find(existsSync)
  // Without one on the PATH, Playwright finds an installed Chrome.
  const which = found === undefined ? { channel: 'chrome' } : { executablePath: found }
  return chromium.launch({ ...which, args: ['--disable-gpu', '--disable-dev-shm-usage'] })
}
