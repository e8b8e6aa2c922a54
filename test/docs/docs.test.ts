// Runs the commands and programs of the documents in a clone, against a running system.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../../apps/standalone/src/free-port.ts'
import { findRunningPostgres } from '../../apps/standalone/src/postgres/embedded-postgres.ts'
import { databaseIn } from '../../apps/standalone/src/system.ts'
import { createTestDatabase, withClient } from '../setup/database.ts'
import { createShop, type Shop } from '../setup/shop.ts'
import { inheritedEnvironment } from '../setup/spawn.ts'
import { testSettings } from '../setup/system.ts'
import { type Block, readBlocks, unfencedCode } from './blocks.ts'
import { type Clone, makeClone, ROOT } from './clone.ts'
import { runBlocks } from './session.ts'

/** Run against one system that `npm start` has started. */
const SHARED = [
  'README.md',
  'docs/getting-started.md',
  'docs/api.md',
  'packages/client/README.md',
  'docs/client.md',
  'docs/cli.md',
  'docs/webhooks.md',
  'docs/identities.md',
  'docs/audit.md',
  'docs/operations.md',
]
/** Start one of their own, in a clone of their own. */
const OWN = ['docs/extending.md']
const DOCUMENTS = [...SHARED, ...OWN]

/** A reason not to run a block that does not count: the named test does. */
const RUN_ELSEWHERE = 'run by test/'

/** Languages of blocks that are to be looked at, not run. */
const SHOWN = ['text', 'mermaid']

/** Their commands need DATABASE_URL. */
const NEEDS_DATABASE = new Set(['docs/audit.md'])

const blocksOf = new Map<string, readonly Block[]>()
for (const path of DOCUMENTS) blocksOf.set(path, readBlocks(await readFile(join(ROOT, path), 'utf8')))
const all = [...blocksOf].flatMap(([path, blocks]) => blocks.map((block) => ({ path, ...block })))

const moduleName = (title: string) => `${title.replaceAll(/\W/g, '-')}.ts`

/** The TypeScript of each document, without what is a file of its own: its blocks follow each other. */
const PROGRAMS = [...blocksOf].flatMap(([path, blocks]) => {
  const own = blocks.filter(({ language, file, noRun }) => language === 'ts' && (file ?? noRun) === undefined)
  return own.length === 0 ? [] : [{ file: moduleName(path), text: own.map(({ text }) => text).join('\n') }]
})

describe('every block is run, or says why not', () => {
  it.each(DOCUMENTS)('%s has no code without a fence', async (path) => {
    expect(unfencedCode(await readFile(join(ROOT, path), 'utf8'))).toEqual([])
  })

  it('blocks are run, compared with what was answered, or say why not', () => {
    const unknown = all.filter(
      ({ language, noRun }) => noRun === undefined && !['bash', 'ts', 'json', 'sql', ...SHOWN].includes(language),
    )
    expect(unknown).toEqual([])
  })

  it('the list of what is not run is short', () => {
    const left = all.flatMap(({ path, line, noRun = RUN_ELSEWHERE }) =>
      noRun.startsWith(RUN_ELSEWHERE) ? [] : [`${path}:${line} ${noRun}`],
    )
    expect(left.length, left.join('\n')).toBeLessThanOrEqual(8)
  })

  it('a test that runs a block reads its document', async () => {
    for (const { path, line, noRun = '' } of all.filter((block) => block.noRun?.startsWith(RUN_ELSEWHERE))) {
      const test = await readFile(join(ROOT, noRun.slice('run by '.length)), 'utf8')
      expect(test, `${path}:${line} ${noRun}`).toContain(path)
    }
  })
})

describe('the commands of a document work', () => {
  let clone: Clone
  let shop: Shop
  let system: ChildProcess
  let port: number
  /** The output of `npm start`. */
  let said: string

  beforeAll(async () => {
    ;[clone, shop, port] = await Promise.all([makeClone(), createShop(), aPort()])
    system = spawn('npm', ['start'], { cwd: clone.directory, env: environment(port), detached: true })
    said = await started(system)
  })
  afterAll(async () => {
    if (system.exitCode === null) {
      const ended = once(system, 'close')
      // npm, what it runs, and what that starts: all in one process group.
      process.kill(-(system.pid ?? 0), 'SIGTERM')
      await ended
    }
    await Promise.all([clone.remove(), shop.drop()])
  })

  const replacements = (to: number) => ({
    'localhost:8080': `localhost:${to}`,
    'postgres://reader:secret@db.example.com:5432/shop': shop.url,
  })
  // npx needs 4 s of CPU time to find the program. README.md shows that it does; the others start it directly.
  const direct = { 'npx waybill': './node_modules/.bin/waybill' }

  it('npm start says where the key is, keeps its data for its user, and can be reached from this machine only', async () => {
    const key = (await readFile(join(clone.directory, '.data/api-key'), 'utf8')).trim()
    expect(said).not.toContain(key)
    expect(said).toContain('API key  in .data/api-key')
    expect(said).toContain('$(cat .data/api-key)')
    const modeOf = async (path: string) => ((await stat(join(clone.directory, path))).mode & 0o777).toString(8)
    for (const path of ['.data', '.data/postgres', '.data/s3'])
      expect([path, await modeOf(path)]).toEqual([path, '700'])
    for (const path of ['.data/api-key', '.data/webhook-secret-key', '.data/postgres/password'])
      expect([path, await modeOf(path)]).toEqual([path, '600'])
    expect(await accepts('127.0.0.1', port)).toBe(true)
    // Every address 127.x.y.z is this machine. A server that listens on all addresses accepts it.
    expect(await accepts('127.0.0.2', port)).toBe(false)
  })

  it('every TypeScript block passes the type check, and every program runs', async () => {
    const modules = all.filter(({ language, file, noRun }) => language === 'ts' && (file ?? noRun) !== undefined)
    const named = modules.map(({ path, line, file, text }) => ({ text, file: file ?? moduleName(`${path} ${line}`) }))
    const files = await Promise.all([...named, ...PROGRAMS].map((block) => save(block, clone)))
    const config = { extends: './tsconfig.json', include: files, exclude: [] }
    await writeFile(join(clone.directory, 'tsconfig.docs.json'), JSON.stringify(config))
    expect(await run(['node_modules/typescript/bin/tsc', '-p', 'tsconfig.docs.json'], clone, {})).toBe('')
    const WAYBILL_API_KEY = (await readFile(join(clone.directory, '.data/api-key'), 'utf8')).trim()
    const env = { ...environment(port), WAYBILL_API_KEY }
    for (const { file } of PROGRAMS) expect(await run([file], clone, env)).not.toBe('')
  })

  it.each(SHARED)('%s', async (path) => {
    const blocks = blocksOf.get(path) ?? []
    const isStart = (block: Block) => block.isBackground && block.text === 'npm start'
    const typed = blocks.filter((block) => isTyped(block) && !isStart(block))
    const env = {
      ...environment(port),
      ...(NEEDS_DATABASE.has(path) ? { DATABASE_URL: await databaseUrl(clone) } : {}),
    }
    const replaced = { ...replacements(port), ...(path === 'README.md' ? {} : direct) }
    expectAnswers(blocks, await runBlocks(typed, { directory: clone.directory, env, replacements: replaced }))
  })

  it('every SQL block runs in the database of the service', async () => {
    const statements = all.filter(({ language, noRun }) => language === 'sql' && noRun === undefined)
    expect(statements.length).toBeGreaterThan(0)
    await withClient(await databaseUrl(clone), async (sql) => {
      for (const { text } of statements) await sql.query(text)
    })
  })

  it.each(OWN)('%s, with a system of its own', async (path) => {
    const [own, database, ownPort] = await Promise.all([makeClone(), createTestDatabase(), aPort()])
    // That it can embed its servers is shown by the other system; the key is in .data in any case.
    const { BOOTSTRAP_API_KEY: _key, ...servers } = testSettings(database, 'postgres')
    try {
      const blocks = blocksOf.get(path) ?? []
      await Promise.all(blocks.filter(({ file }) => file !== undefined).map((block) => save(block, own)))
      const options = {
        directory: own.directory,
        env: { ...servers, ...environment(ownPort) },
        replacements: replacements(ownPort),
      }
      expectAnswers(blocks, await runBlocks(blocks.filter(isTyped), options))
    } finally {
      await Promise.all([own.remove(), database.drop()])
    }
  })
})

/** Below the ports that the kernel gives to connections, and random, so that it is still free when we listen. */
const aPort = () => freePort(20_000 + Math.floor(Math.random() * 12_000))

const isTyped = ({ language, noRun }: Block) => language === 'bash' && noRun === undefined

/** What a reader has: nothing of the test's own settings. Few rows, so that it is quick. */
function environment(port: number): Record<string, string> {
  const { HOME = '' } = process.env
  const system = { PORT: String(port), SAMPLE_ROWS: '2000' }
  // For the command line: what it keeps lies in the clone.
  return {
    ...inheritedEnvironment(),
    HOME,
    ...system,
    WAYBILL_URL: `http://localhost:${port}`,
    XDG_CONFIG_HOME: '.config',
  }
}

/** @returns the output until then @throws Error with the output, when it ends instead */
function started(system: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = ''
    for (const stream of [system.stdout, system.stderr]) {
      stream?.on('data', (text) => {
        said += text
        // The last line of the message.
        if (said.includes('Waybill is running') && said.includes(`-d '{"dataset"`)) resolve(said)
      })
    }
    system.once('close', (code) => reject(new Error(`npm start ended with ${code}:\n${said}`)))
  })
}

function accepts(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port })
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}

/** Writes a block where the document says; gives that. */
async function save({ file = '', text }: Pick<Block, 'file' | 'text'>, { directory }: Clone): Promise<string> {
  await writeFile(join(directory, file), `${text}\n`)
  return file
}

/** Of the Postgres that `npm start` has embedded. */
async function databaseUrl({ directory }: Clone): Promise<string> {
  const url = await findRunningPostgres(join(directory, '.data/postgres'))
  if (url === undefined) throw new Error('the Postgres of npm start does not run')
  return databaseIn(url)
}

/** What a program that Node runs has said. @throws Error with that, when it fails */
async function run(args: readonly string[], { directory }: Clone, env: Record<string, string>): Promise<string> {
  const child = spawn(process.execPath, args, { cwd: directory, env, timeout: 300_000 })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (said += text))
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`${args.join(' ')} ended with code ${code}:\n${said}`)
  return said
}

/** A JSON block shows what the shell block before it has answered: the same fields of the same types, or to the letter. */
function expectAnswers(blocks: readonly Block[], outputs: ReadonlyMap<Block, string>): void {
  for (const [index, { language, line, text, isExact, noRun }] of blocks.entries()) {
    if (language !== 'json' || noRun !== undefined) continue
    const asked = blocks.slice(0, index).findLast((block) => outputs.has(block))
    const answer = asked === undefined ? '' : (outputs.get(asked) ?? '')
    const [given, shown] = [answer, text].map((json) => (isExact ? JSON.parse(json) : shapeOf(JSON.parse(json))))
    expect(given, `the answer of line ${line}`).toEqual(shown)
  }
}

/** Types instead of values; of a list, its first item. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, 1).map(shapeOf)
  if (typeof value !== 'object' || value === null) return value === null ? 'null' : typeof value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, shapeOf(item)]))
}
