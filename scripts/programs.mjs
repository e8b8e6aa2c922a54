// Makes sure that the tests find the programs they need; plain JavaScript for Node 20.
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { run, SetupError } from './install.mjs'

const POLICY = '/usr/sbin/policy-rc.d'

const REDIS = {
  name: 'redis-server',
  isThere: () => isOnPath('redis-server'),
  packages: ['redis-server'],
  byHand:
    '  Debian, Ubuntu:  sudo apt-get install --no-install-recommends redis-server\n' +
    '  Fedora:          sudo dnf install redis\n' +
    '  macOS:           brew install redis',
}

/** The names that Chromium and Chrome go by (test/setup/page/browser.ts looks for the same). */
const CHROMIUM = {
  name: 'Chromium',
  isThere: () =>
    ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'].some(isOnPath) ||
    existsSync('/Applications/Google Chrome.app'),
  // Without a font there would be no text in the pictures, and nothing to measure contrast by.
  packages: ['chromium', 'fonts-liberation'],
  byHand:
    '  Debian:          sudo apt-get install --no-install-recommends chromium fonts-liberation\n' +
    '  Ubuntu:          sudo snap install chromium, or Google Chrome from google.com/chrome\n' +
    '  Fedora:          sudo dnf install chromium\n' +
    '  macOS:           brew install --cask google-chrome',
}

/** @throws {SetupError} with what to install, where it cannot be done without a question */
export async function ensureTestPrograms() {
  for (const program of [REDIS, CHROMIUM]) await ensure(program)
}

/** Installs it where that needs no question: as root, with apt. */
async function ensure({ name, isThere, packages, byHand }) {
  if (isThere()) return
  if (process.getuid?.() !== 0 || !isOnPath('apt-get')) {
    throw new SetupError(`The tests need ${name}. Install it, then run npm test again:\n${byHand}`)
  }
  process.stderr.write(`Installing ${name} for the tests: apt-get install ${packages.join(' ')}\n`)
  const install = ['install', '-y', '--no-install-recommends', ...packages]
  const allowStarts = forbidStarts()
  try {
    // Lists may be missing or out of date; they are fetched only then.
    if ((await apt(install)).code !== 0) await apt(['update'])
    else if (isThere()) return
    const { code, output } = await apt(install)
    if (code !== 0) throw new SetupError(`${output}\n${name} could not be installed; apt-get's output is above.`)
    if (!isThere()) throw new SetupError(`apt-get has no ${name} that runs here. Install it by hand:\n${byHand}`)
  } finally {
    allowStarts()
  }
}

function apt(args) {
  const options = ['-q', '-o', 'DPkg::Lock::Timeout=120', '-o', 'Acquire::Retries=3']
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
  return run('apt-get', [...options, ...args], { env })
}

/** Packages may start a server, which nobody would stop; Debian's way to say no. */
function forbidStarts() {
  if (existsSync(POLICY)) return () => undefined
  writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  const remove = () => rmSync(POLICY, { force: true })
  process.once('exit', remove)
  return remove
}

export function isOnPath(program) {
  return (process.env.PATH ?? '').split(delimiter).some((directory) => existsSync(join(directory, program)))
}
