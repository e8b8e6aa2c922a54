// A real Chromium for the tests of the admin page: the operating system's, driven by Playwright.
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { type Browser, chromium } from 'playwright-core'

/** The names that Chromium and Chrome go by (scripts/programs.mjs installs one of them). */
const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

export function launchBrowser(): Promise<Browser> {
  const directories = (process.env.PATH ?? '').split(delimiter)
  const found = NAMES.flatMap((name) => directories.map((directory) => join(directory, name))).find(existsSync)
  // Elsewhere than on the PATH, Playwright knows where Chrome is installed.
  const which = found === undefined ? { channel: 'chrome' } : { executablePath: found }
  return chromium.launch({ ...which, args: ['--disable-gpu', '--disable-dev-shm-usage'] })
}
