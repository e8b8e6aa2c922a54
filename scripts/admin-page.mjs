// Builds the admin page if its sources have changed. Plain JavaScript for Node 20.
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { findNode, run, SetupError, takeLock } from './install.mjs'

/** The folders and files that the build reads (test/unit/project/image.test.ts compares them with the imports). */
const SOURCES = JSON.parse(readFileSync(new URL('admin-page-sources.json', import.meta.url), 'utf8'))
const NOT_SOURCES = new Set(['dist', 'dist.new', 'dist.old', 'node_modules'])
/** File in the built page with the hash of its sources. */
const STAMP = '.sources'

/** A failed build is only reported, because the API works without the page. */
export async function buildAdminPageIfPossible(root) {
  try {
    await ensureAdminPage(root)
  } catch (error) {
    if (!(error instanceof SetupError)) throw error
    process.stderr.write(`${error.message}\nContinuing without a new admin page.\n`)
  }
}

/** @throws {SetupError} with the output of Vite */
export async function ensureAdminPage(root) {
  if (isCurrent(root)) return
  const release = await takeLock(root)
  try {
    if (!isCurrent(root)) await build(root)
  } finally {
    release()
  }
}

async function build(root) {
  const startedAt = Date.now()
  const page = join(root, 'apps', 'admin')
  const fresh = join(page, 'dist.new')
  const hash = hashSources(root)
  rmSync(fresh, { recursive: true, force: true })
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js')
  const args = [vite, 'build', page, '--outDir', fresh, '--emptyOutDir', '--logLevel', 'warn']
  // Always a production build, also when a test starts it.
  const env = { ...process.env, NODE_ENV: 'production' }
  const { code, output } = await run(findNode(root), args, { cwd: root, env })
  if (code !== 0) throw new SetupError(`${output}\nThe admin page could not be built; the reason is above.`)
  compress(join(fresh, 'assets'))
  writeFileSync(join(fresh, STAMP), hash)
  publish(fresh, join(page, 'dist'))
  process.stderr.write(`Built the admin page in ${((Date.now() - startedAt) / 1000).toFixed(1)} s.\n`)
}

/** Writes a brotli and a gzip form beside each asset, which the API sends to browsers that accept them. */
function compress(directory) {
  for (const name of readdirSync(directory)) {
    // Fonts in WOFF2 are compressed already.
    if (name.endsWith('.woff2')) continue
    const content = readFileSync(join(directory, name))
    writeFileSync(join(directory, `${name}.br`), brotliCompressSync(content))
    writeFileSync(join(directory, `${name}.gz`), gzipSync(content, { level: 9 }))
  }
}

/** Renames the folders, so that a running API never serves an incomplete page. */
function publish(fresh, dist) {
  const old = `${dist}.old`
  rmSync(old, { recursive: true, force: true })
  if (existsSync(dist)) renameSync(dist, old)
  renameSync(fresh, dist)
  rmSync(old, { recursive: true, force: true })
}

function isCurrent(root) {
  try {
    return readFileSync(join(root, 'apps', 'admin', 'dist', STAMP), 'utf8') === hashSources(root)
  } catch (error) {
    if (error.code === 'ENOENT') return false
    throw error
  }
}

/** Hashes the content, because a checkout changes modification times. */
function hashSources(root) {
  const hash = createHash('sha256')
  for (const source of SOURCES) {
    for (const path of filesOf(root, source)) hash.update(`${path}\n`).update(readFileSync(join(root, path)))
  }
  return hash.digest('hex')
}

function filesOf(root, path) {
  const full = join(root, path)
  if (!existsSync(full)) return []
  if (!statSync(full).isDirectory()) return [path]
  const names = readdirSync(full).filter((name) => !NOT_SOURCES.has(name))
  return names.sort().flatMap((name) => filesOf(root, `${path}/${name}`))
}
