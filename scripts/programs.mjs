// Installs the programs that the tests need. Plain JavaScript for Node 20.
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { run, SetupError } from './install.mjs'

const POLICY = '/usr/sbin/policy-rc.d'

const REDIS = {
  name: 'redis-server',
  isInstalled: () => isOnPath('redis-server'),
  packages: ['redis-server'],
  manually:
    '  Debian, Ubuntu:  sudo apt-get install --no-install-recommends redis-server\n' +
    '  Fedora:          sudo dnf install redis\n' +
    '  macOS:           brew install redis',
}

/** Chromium or Chrome, with the same names as in test/setup/page/browser.ts. */
const CHROMIUM = {
  name: 'Chromium',
  isInstalled: () =>
    ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'].some(isOnPath) ||
    existsSync('/Applications/Google Chrome.app'),
  // Without a font, screenshots have no text and contrast cannot be measured.
  packages: ['chromium', 'fonts-liberation'],
  manually:
    '  Debian:          sudo apt-get install --no-install-recommends chromium fonts-liberation\n' +
    '  Ubuntu:          sudo snap install chromium, or Google Chrome from google.com/chrome\n' +
    '  Fedora:          sudo dnf install chromium\n' +
    '  macOS:           brew install --cask google-chrome',
}

/** A second S3 server for the tests, from another maker. */
const CEPH = {
  name: 'Ceph',
  isInstalled: () => ['ceph', 'ceph-mon', 'ceph-osd', 'radosgw'].every(isOnPath),
  packages: ['radosgw', 'ceph-mon', 'ceph-osd', 'ceph-common'],
  manually: '  Debian, Ubuntu:  sudo apt-get install --no-install-recommends radosgw ceph-mon ceph-osd ceph-common',
}

/** @throws {SetupError} with instructions, if the installation would need a password */
export async function ensureTestServers() {
  for (const program of [REDIS, CEPH]) await ensure(program)
}

/** @throws {SetupError} with instructions, if the installation would need a password */
export async function ensureTestPrograms() {
  for (const program of [REDIS, CHROMIUM]) await ensure(program)
}

/** Installs the program if that needs no password: as root, with apt. */
async function ensure({ name, isInstalled, packages, manually }) {
  if (isInstalled()) return
  if (process.getuid?.() !== 0 || !isOnPath('apt-get')) {
    throw new SetupError(`The tests need ${name}. Install it, then run npm test again:\n${manually}`)
  }
  process.stderr.write(`Installing ${name} for the tests: apt-get install ${packages.join(' ')}\n`)
  const install = ['install', '-y', '--no-install-recommends', ...packages]
  const allowStarts = forbidStarts()
  try {
    // The package lists are only fetched if they are missing or outdated.
    if ((await apt(install)).code !== 0) await apt(['update'])
    else if (isInstalled()) return
    const { code, output } = await apt(install)
    if (code !== 0) throw new SetupError(`${output}\n${name} could not be installed; apt-get's output is above.`)
    if (!isInstalled())
      throw new SetupError(`apt-get provides no ${name} for this machine. Install it manually:\n${manually}`)
  } finally {
    allowStarts()
  }
}

function apt(args) {
  const options = ['-q', '-o', 'DPkg::Lock::Timeout=120', '-o', 'Acquire::Retries=3']
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
  return run('apt-get', [...options, ...args], { env })
}

/** Prevents packages from starting a server, with the policy file of Debian. */
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
