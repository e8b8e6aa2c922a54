// The runner of the npm scripts (scripts/run.mjs): it installs only if necessary, and passes signals and exit codes on.
// The tests run a copy of it in a small repository, with a fake npm.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

let root: string
const SCRIPTS = fileURLToPath(new URL('../../../scripts', import.meta.url))
const LOCK = {
  packages: { '': {}, 'node_modules/a': { version: '1.0.0' }, 'node_modules/dev': { version: '2.0.0', dev: true } },
}

/** Writes what npm ci writes (Node, and the list of installed packages), and a line to a log. */
const FAKE_NPM = `
  import { appendFileSync, copyFileSync, mkdirSync, existsSync, symlinkSync, writeFileSync } from 'node:fs'
  console.error('npm warn EBADENGINE Unsupported engine')
  if (process.env.FAKE_NPM === 'fails') { console.error('npm error E404'); process.exit(7) }
  await new Promise((done) => setTimeout(done, Number(process.env.FAKE_NPM ?? 0)))
  appendFileSync('npm.log', process.argv.slice(2).join(' ') + ' cache ' + process.env.npm_config_cache + '\\n')
  mkdirSync('node_modules/node/bin', { recursive: true })
  if (!existsSync('node_modules/node/bin/node')) symlinkSync(${JSON.stringify(process.execPath)}, 'node_modules/node/bin/node')
  writeFileSync('node_modules/node/package.json', '{"version":"24.0.0"}')
  copyFileSync('package-lock.json', 'node_modules/.package-lock.json')`

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'waybill-run-'))
  await cp(SCRIPTS, join(root, 'scripts'), { recursive: true })
  await file('package-lock.json', JSON.stringify(LOCK))
  await file('npm-cli.js', FAKE_NPM)
  await file('package.json', '{"type":"module"}')
  await file('packages/shared/src/generated/prisma/client.ts', '')
  await program('')
})

afterEach(() => rm(root, { recursive: true, force: true }))

async function file(name: string, text: string): Promise<void> {
  await mkdir(dirname(join(root, name)), { recursive: true })
  await writeFile(join(root, name), text)
}

/** Writes the program that the task `api` runs. */
const program = (text: string) => file('apps/api/src/main.ts', text)
const installs = async () => (await readFile(join(root, 'npm.log'), 'utf8').catch(() => '')).split('\n').length - 1

interface Run {
  readonly child: ChildProcess
  readonly ended: Promise<{ code: number | null; out: string; err: string }>
  readonly out: () => string
}

function start(args: string[], env: Record<string, string> = {}): Run {
  const child = spawn(process.execPath, [join(root, 'scripts/run.mjs'), ...args], {
    env: { ...process.env, NODE_ENV: 'development', npm_execpath: join(root, 'npm-cli.js'), ...env },
    detached: true,
  })
  let out = ''
  let err = ''
  child.stdout.on('data', (chunk: Buffer) => (out += chunk))
  child.stderr.on('data', (chunk: Buffer) => (err += chunk))
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, out, err }))
  return { child, ended, out: () => out }
}

const run = (args: string[], env?: Record<string, string>) => start(args, env).ended

test('installs a fresh clone once, prints one line, and hides the output of npm', async () => {
  const first = await run(['api'])
  expect(first).toMatchObject({ code: 0, out: '' })
  expect(first.err).toMatch(/^Installing the dependencies .*\nInstalled in \d+ s\.\n$/)
  expect(await readFile(join(root, 'npm.log'), 'utf8')).toMatch(/^ci /)
  expect(await run(['api'])).toEqual({ code: 0, out: '', err: '' })
  expect(await installs()).toBe(1)
})

test('installs again when the lock file has changed, but not after npm has installed it', async () => {
  await run(['api'])
  const changed = JSON.stringify({ packages: { ...LOCK.packages, 'node_modules/a': { version: '1.0.1' } } })
  await file('package-lock.json', changed)
  await run(['api'])
  expect(await installs()).toBe(2)

  const byHand = changed.replace('1.0.1', '1.0.2')
  await file('package-lock.json', byHand)
  await file('node_modules/.package-lock.json', byHand)
  await run(['api'])
  expect(await installs()).toBe(2)
})

/** Writes a page like Vite. Its content is that of the source, so that a test can see which source was built. */
const FAKE_VITE = `
  import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
  import { join } from 'node:path'
  const out = process.argv[process.argv.indexOf('--outDir') + 1]
  if (process.env.FAKE_VITE === 'fails') { console.error('Could not resolve "./nothing.ts"'); process.exit(1) }
  mkdirSync(join(out, 'assets'), { recursive: true })
  writeFileSync(join(out, 'index.html'), readFileSync('apps/admin/src/main.tsx'))`

const page = () => readFile(join(root, 'apps/admin/dist/index.html'), 'utf8')

/** Writes the files of `npm start`, and installs. */
async function preparePage(): Promise<void> {
  await file('node_modules/vite/bin/vite.js', FAKE_VITE)
  await file('apps/admin/src/main.tsx', 'one')
  await file('apps/standalone/src/main.ts', `console.log('runs')`)
  await run(['api'])
}

test('npm start builds the admin page only when its sources have changed, and prints one line', async () => {
  await preparePage()
  const first = await run(['start'])
  expect(first).toMatchObject({ code: 0, out: 'runs\n' })
  expect(first.err).toMatch(/^Built the admin page in [\d.]+ s\.\n$/)
  expect(await page()).toBe('one')
  // A new modification time alone is no change, because git sets it at every checkout.
  await utimes(join(root, 'apps/admin/src/main.tsx'), new Date(), new Date())
  expect(await run(['start'])).toMatchObject({ out: 'runs\n', err: '' })
  await file('apps/admin/src/main.tsx', 'two')
  expect((await run(['start'])).err).toMatch(/^Built the admin page in [\d.]+ s\.\n$/)
  expect(await page()).toBe('two')
})

test('npm start works with the previous page when the page cannot be built', async () => {
  await preparePage()
  await run(['start'])
  await file('apps/admin/src/main.tsx', 'broken')
  const failed = await run(['start'], { FAKE_VITE: 'fails' })
  expect(failed).toMatchObject({ code: 0, out: 'runs\n' })
  expect(failed.err).toContain('Could not resolve')
  expect(failed.err).toMatch(/Continuing without/)
  expect(await page()).toBe('one')
  expect((await run(['build'], { FAKE_VITE: 'fails' })).code).toBe(1)
  expect(await run(['build'])).toMatchObject({ code: 0, out: '' })
  expect(await page()).toBe('broken')
})

test('does not install into an image without development packages', async () => {
  await run(['api'])
  const { 'node_modules/dev': _, ...production } = LOCK.packages
  await file('node_modules/.package-lock.json', JSON.stringify({ packages: production }))
  await rm(join(root, 'node_modules/.waybill-install'))
  expect(await run(['api'])).toMatchObject({ code: 0, err: '' })
  await rm(join(root, 'node_modules/.package-lock.json'))
  expect(await run(['api'], { NODE_ENV: 'production' })).toMatchObject({ code: 0, err: '' })
  expect(await installs()).toBe(1)
})

test('shows the output of npm when it fails, and installs again at the next run', async () => {
  const failed = await run(['api'], { FAKE_NPM: 'fails' })
  expect(failed.code).toBe(1)
  expect(failed.err).toContain('npm error E404')
  expect((await run(['api'])).code).toBe(0)
})

test('installs once for two concurrent runs', async () => {
  const runs = await Promise.all([run(['api'], { FAKE_NPM: '700' }), run(['api'], { FAKE_NPM: '700' })])
  expect(runs.map(({ code }) => code)).toEqual([0, 0])
  expect(runs.map(({ err }) => err).join()).toMatch(/Waiting for another installation \(process \d+\)/)
  expect(await installs()).toBe(1)
})

test('an interrupted install does not block the next one', async () => {
  const { child, ended } = start(['api'], { FAKE_NPM: '20000' })
  await once(child.stderr ?? child, 'data')
  child.kill('SIGTERM')
  expect((await ended).code).toBe(143)
  expect((await run(['api'])).code).toBe(0)
})

test('generates the Prisma client again when the schema is newer', async () => {
  await run(['api'])
  await file('scripts/generate-client.mjs', `console.log('generated')`)
  await file('prisma/schema.prisma', '')
  const later = new Date(Date.now() + 10_000)
  await utimes(join(root, 'prisma/schema.prisma'), later, later)
  expect(await run(['api'])).toMatchObject({ code: 0, out: 'generated\n' })
})

test('passes on the exit code and the arguments', async () => {
  await program('console.log(process.argv.slice(2).join("|")); process.exit(42)')
  expect(await run(['api', '--rows', 'a b'])).toMatchObject({ code: 42, out: '--rows|a b\n' })
  expect(await run(['nonsense'])).toMatchObject({ code: 2 })
})

const COUNTS_SIGNALS = `
  let n = 0
  process.on('SIGINT', () => { n += 1; console.log('SIGINT ' + n); setTimeout(() => process.exit(5), n === 1 ? 3000 : 0) })
  setInterval(() => {}, 1000)
  console.log('ready')`

test('passes Ctrl-C on once, although the terminal and npm both send it', async () => {
  await run(['api'])
  await program(COUNTS_SIGNALS)
  const { child, ended, out } = start(['api'])
  await vi.waitFor(() => expect(out()).toBe('ready\n'), { timeout: 100_000 })
  process.kill(-(child.pid ?? 0), 'SIGINT')
  child.kill('SIGINT')
  expect(await ended).toMatchObject({ code: 5, out: 'ready\nSIGINT 1\n' })
})

test('passes a second Ctrl-C on', async () => {
  await run(['api'])
  await program(COUNTS_SIGNALS)
  const { child, ended, out } = start(['api'])
  await vi.waitFor(() => expect(out()).toBe('ready\n'), { timeout: 100_000 })
  child.kill('SIGINT')
  await vi.waitFor(() => expect(out()).toContain('SIGINT 1'), { timeout: 100_000 })
  await new Promise((done) => setTimeout(done, 500))
  child.kill('SIGINT')
  expect((await ended).out).toBe('ready\nSIGINT 1\nSIGINT 2\n')
})

test('exits with 128 plus the signal number when the program is ended by a signal', async () => {
  await run(['api'])
  await program(`process.kill(process.pid, 'SIGKILL')`)
  expect((await run(['api'])).code).toBe(137)
})

test.runIf(process.platform === 'linux')('the program ends when the runner is killed', async () => {
  await run(['api'])
  await program(`setInterval(() => {}, 1000); console.log(process.pid)`)
  const { child, ended, out } = start(['api'])
  await vi.waitFor(() => expect(out()).toMatch(/\d+\n/), { timeout: 100_000 })
  child.kill('SIGKILL')
  // The program shares the output, so `ended` resolves only when the program has ended too.
  await ended
})

test('installs when the home directory is read-only', async () => {
  // A file instead of a directory, because root can write to any directory.
  await file('home', '')
  await run(['api'], { HOME: join(root, 'home'), npm_config_cache: join(root, 'home/.npm') })
  expect(await readFile(join(root, 'npm.log'), 'utf8')).toContain(join(tmpdir(), 'waybill-npm-'))
})

test('passes settings of .env to the program; the environment takes precedence', async () => {
  await file('.env', 'FROM_FILE=file\nFROM_BOTH=file\n')
  await program('console.log(process.env.FROM_FILE, process.env.FROM_BOTH)')
  expect(await run(['api'], { FROM_BOTH: 'environment' })).toMatchObject({ code: 0, out: 'file environment\n' })
})
