// Makes sure that the tests find a redis-server; plain JavaScript for Node 20.
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { run, SetupError } from './install.mjs'

const POLICY = '/usr/sbin/policy-rc.d'

/**
 * Installs it where that needs no question: as root, with apt.
 *
 * @throws {SetupError} with what to install, elsewhere
 */
export async function ensureRedis() {
  if (isOnPath('redis-server')) return
  if (process.getuid?.() !== 0 || !isOnPath('apt-get')) {
    throw new SetupError(
      'The tests need redis-server on the PATH. Install it, then run npm test again:\n' +
        '  Debian, Ubuntu:  sudo apt-get install --no-install-recommends redis-server\n' +
        '  Fedora:          sudo dnf install redis\n' +
        '  macOS:           brew install redis',
    )
  }
  process.stderr.write('Installing redis-server for the tests: apt-get install redis-server\n')
  const install = ['install', '-y', '--no-install-recommends', 'redis-server']
  const allowStarts = forbidStarts()
  try {
    // Lists may be missing or out of date; they are fetched only then.
    if ((await apt(install)).code === 0) return
    await apt(['update'])
    const { code, output } = await apt(install)
    if (code !== 0) throw new SetupError(`${output}\nredis-server could not be installed; apt-get's output is above.`)
  } finally {
    allowStarts()
  }
}

function apt(args) {
  const options = ['-q', '-o', 'DPkg::Lock::Timeout=120', '-o', 'Acquire::Retries=3']
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
  return run('apt-get', [...options, ...args], { env })
}

/** The package would start a server, which nobody would stop; Debian's way to say no. */
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
