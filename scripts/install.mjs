// Installs missing or outdated dependencies, and finds the Node version to run on. Plain JavaScript for Node 20 without
// dependencies, because it runs before the installation.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { accessSync, constants, existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir, userInfo } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const NODE_MAJOR = 24
const TTY_PROGRESS_INTERVAL_MS = 1000
const LINE_PROGRESS_INTERVAL_MS = 15_000
/** No installation takes this long. An older lock names a process id that another program has now. */
const LOCK_STALE_MS = 30 * 60_000

export class SetupError extends Error {}

/**
 * Installs the dependencies if the lock file has changed, and generates the Prisma client if the schema has changed.
 * Fast if neither has changed.
 *
 * @param {string} root of the repository
 * @param {{ production: boolean }} options production: development dependencies may be missing
 * @throws {SetupError} with a solution for the user
 */
export async function ensureInstalled(root, { production }) {
  if (isInstalled(root, production) && isGenerated(root)) return
  const release = await takeLock(root)
  try {
    if (!isInstalled(root, production)) await install(root)
    if (!isGenerated(root)) generate(root)
  } finally {
    release()
  }
}

/**
 * The pinned Node from the npm package `node`, otherwise the current Node if it is new enough.
 *
 * @param {string} root
 * @returns {string} path of the executable
 */
export function findNode(root) {
  const pinned = join(root, 'node_modules', 'node', 'bin', 'node')
  if (existsSync(pinned) && major(versionIn(join(root, 'node_modules', 'node', 'package.json'))) >= NODE_MAJOR) {
    return pinned
  }
  if (major(process.versions.node) >= NODE_MAJOR) return process.execPath
  throw new SetupError(
    `Node ${NODE_MAJOR} is required, but this is Node ${process.versions.node}. The npm package "node" provides it, ` +
      'but its install script has not run (ignore-scripts is set, or a policy forbids it).\n' +
      `Allow the script:   npm rebuild node --ignore-scripts=false\nor install Node >= ${NODE_MAJOR} yourself.`,
  )
}

function isInstalled(root, production) {
  const stamp = join(root, 'node_modules', '.waybill-install')
  const current = fingerprint(root)
  if (readIfExists(stamp) === current) return true
  // Installed manually or in an image: npm has recorded what it installed.
  const installed = readIfExists(join(root, 'node_modules', '.package-lock.json'))
  if (
    installed === undefined ||
    !satisfies(installed, readFileSync(join(root, 'package-lock.json'), 'utf8'), production)
  ) {
    return false
  }
  if (!production) remember(stamp, current)
  return true
}

function fingerprint(root) {
  const hash = createHash('sha256').update(readFileSync(join(root, 'package-lock.json')))
  return hash.update(`${process.platform} ${process.arch}`).digest('hex')
}

/** True if every package of the lock file is installed in its version, except optional ones. */
function satisfies(installedText, lockText, production) {
  const installed = JSON.parse(installedText).packages
  return Object.entries(JSON.parse(lockText).packages).every(([path, wanted]) => {
    if (!path.includes('node_modules/') || wanted.link) return true
    const found = installed[path]
    if (found === undefined) return wanted.optional || wanted.devOptional || wanted.peer || (production && wanted.dev)
    return found.version === wanted.version
  })
}

function remember(stamp, current) {
  try {
    writeFileSync(stamp, current)
  } catch (error) {
    // Another user owns the installation. Then the comparison runs each time.
    if (!['EACCES', 'EPERM', 'EROFS'].includes(error.code)) throw error
  }
}

async function install(root) {
  const started = Date.now()
  process.stderr.write('Installing the dependencies (only once, about a minute): npm ci\n')
  const done = showProgress(started)
  const [command, args] = npm(['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'])
  const { code, output } = await run(command, args, { cwd: root, env: { ...process.env, ...writableCache() } })
  done()
  if (code !== 0) throw new SetupError(`${output}\nnpm ci failed; its output is above.`)
  const stamp = join(root, 'node_modules', '.waybill-install')
  const version = spawnSync(findNode(root), ['--version'], { encoding: 'utf8' }).stdout ?? ''
  if (major(version.slice(1)) < NODE_MAJOR) {
    throw new SetupError(`The installed Node does not run on this machine (its output: "${version.trim()}").`)
  }
  remember(stamp, fingerprint(root))
  process.stderr.write(`Installed in ${Math.round((Date.now() - started) / 1000)} s.\n`)
}

/** The npm that runs this script, so that the configuration of the user applies. */
function npm(args) {
  const path = process.env.npm_execpath
  if (path !== undefined && basename(path).startsWith('npm')) return [process.execPath, [path, ...args]]
  return ['npm', args]
}

/** npm cannot install without a cache, and a home directory may be read-only. */
function writableCache() {
  let directory = process.env.npm_config_cache ?? join(homedir(), '.npm')
  while (!existsSync(directory)) directory = dirname(directory)
  if (isWritableDirectory(directory)) return {}
  return { npm_config_cache: join(tmpdir(), `waybill-npm-${userInfo().uid}`) }
}

function isWritableDirectory(path) {
  try {
    accessSync(path, constants.W_OK)
    return statSync(path).isDirectory()
  } catch {
    return false // not writable or missing: both are a valid result
  }
}

function showProgress(started) {
  const { isTTY } = process.stderr
  const timer = setInterval(
    () => {
      const seconds = Math.round((Date.now() - started) / 1000)
      process.stderr.write(isTTY ? `\r  ${seconds} s` : `  … ${seconds} s\n`)
    },
    isTTY ? TTY_PROGRESS_INTERVAL_MS : LINE_PROGRESS_INTERVAL_MS,
  )
  return () => {
    clearInterval(timer)
    if (isTTY) process.stderr.write('\r\u001b[K')
  }
}

/** Runs a command and returns its output, which is shown only after a failure. */
export function run(command, args, options) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
    const kill = () => child.kill()
    process.once('exit', kill)
    let output = ''
    child.stdout.on('data', (chunk) => (output += chunk))
    child.stderr.on('data', (chunk) => (output += chunk))
    child.once('error', (error) => resolve({ code: 1, output: `${output}${error.message}` }))
    child.once('close', (code) => {
      process.off('exit', kill)
      resolve({ code: code ?? 1, output })
    })
  })
}

function isGenerated(root) {
  const client = join(root, 'packages', 'shared', 'src', 'generated', 'prisma', 'client.ts')
  const schema = join(root, 'prisma', 'schema.prisma')
  return existsSync(client) && (!existsSync(schema) || statSync(client).mtimeMs >= statSync(schema).mtimeMs)
}

function generate(root) {
  process.stderr.write('Generating the Prisma client.\n')
  const { status } = spawnSync(findNode(root), ['scripts/generate-client.mjs'], { cwd: root, stdio: 'inherit' })
  if (status !== 0) throw new SetupError('The Prisma client could not be generated; the reason is above.')
}

/** Allows one installation at a time, because two would remove each other's files. Waits for a running one. */
export async function takeLock(root) {
  // Not in node_modules, which npm ci removes, and not in the repository, where git would show it.
  const name = createHash('sha256').update(root).digest('hex').slice(0, 16)
  const lock = join(tmpdir(), `waybill-install-${name}.lock`)
  let reported = false
  for (;;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' })
      const release = () => rmSync(lock, { force: true })
      process.once('exit', release)
      return release
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
    }
    const owner = Number(readIfExists(lock))
    if (isStale(lock, owner)) {
      rmSync(lock, { force: true })
      continue
    }
    if (!reported) process.stderr.write(`Waiting for another installation (process ${owner}).\n`)
    reported = true
    await sleep(200)
  }
}

function isStale(lock, owner) {
  try {
    if (Date.now() - statSync(lock).mtimeMs > LOCK_STALE_MS) return true
    // Owner 0: the lock is new, and its owner has not written its process id yet.
    return owner > 0 && !process.kill(owner, 0)
  } catch (error) {
    return error.code === 'ESRCH'
  }
}

function readIfExists(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined
    throw error
  }
}

function versionIn(path) {
  const text = readIfExists(path)
  return text === undefined ? '' : JSON.parse(text).version
}

function major(version) {
  return Number.parseInt(version, 10) || 0
}
