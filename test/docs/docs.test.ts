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

/** Documents that share one system, started with `npm start`. */
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
/** Documents that start a separate system in a separate clone. */
const SEPARATE = ['docs/extending.md']
const DOCUMENTS = [...SHARED, ...SEPARATE]

/** With this reason, the named test runs the block. */
const RUN_ELSEWHERE = 'run by test/'

/** Languages of blocks that are only shown. */
const SHOWN = ['text', 'mermaid']

/** Documents whose commands need DATABASE_URL. */
const NEEDS_DATABASE = new Set(['docs/audit.md'])

const blocksOf = new Map<string, readonly Block[]>()
for (const path of DOCUMENTS) blocksOf.set(path, readBlocks(await readFile(join(ROOT, path), 'utf8')))
const all = [...blocksOf].flatMap(([path, blocks]) => blocks.map((block) => ({ path, ...block })))

const moduleName = (title: string) => `${title.replaceAll(/\W/g, '-')}.ts`

/** The TypeScript blocks of each document, joined to one program, without those that are separate files. */
const PROGRAMS = [...blocksOf].flatMap(([path, blocks]) => {
  const own = blocks.filter(({ language, file, noRun }) => language === 'ts' && (file ?? noRun) === undefined)
  return own.length === 0 ? [] : [{ file: moduleName(path), text: own.map(({ text }) => text).join('\n') }]
})

describe('every block is run, or has a reason not to', () => {
  it.each(DOCUMENTS)('%s has no code without a fence', async (path) => {
    expect(unfencedCode(await readFile(join(ROOT, path), 'utf8'))).toEqual([])
  })

  it('blocks are run, compared with the output, or have a reason not to', () => {
    const unknown = all.filter(
      ({ language, noRun }) => noRun === undefined && !['bash', 'ts', 'json', 'sql', ...SHOWN].includes(language),
    )
    expect(unknown).toEqual([])
  })

  it('only a few blocks are not run', () => {
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
  let output: string

  beforeAll(async () => {
    ;[clone, shop, port] = await Promise.all([makeClone(), createShop(), aPort()])
    system = spawn('npm', ['start'], { cwd: clone.directory, env: environment(port), detached: true })
    output = await started(system)
  })
  afterAll(async () => {
    if (system.exitCode === null) {
      const ended = once(system, 'close')
      // npm and its child processes are one process group.
      process.kill(-(system.pid ?? 0), 'SIGTERM')
      await ended
    }
    await Promise.all([clone.remove(), shop.drop()])
  })

  const replacements = (to: number) => ({
    'localhost:8080': `localhost:${to}`,
    'postgres://reader:secret@db.example.com:5432/shop': shop.url,
  })
  // npx needs 4 s of CPU time to find the program. Only README.md is tested with it.
  const direct = { 'npx waybill': './node_modules/.bin/waybill' }

  it('npm start says where the key is, keeps its data for its user, and can be reached from this machine only', async () => {
    const key = (await readFile(join(clone.directory, '.data/api-key'), 'utf8')).trim()
    expect(output).not.toContain(key)
    expect(output).toContain('API key  in .data/api-key')
    expect(output).toContain('$(cat .data/api-key)')
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

  it.each(SEPARATE)('%s, with a separate system', async (path) => {
    const [own, database, ownPort] = await Promise.all([makeClone(), createTestDatabase(), aPort()])
    // The shared system tests the embedded servers. The key is in .data in any case.
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

/** A random port below the ephemeral ports, so that it is probably still free when the system listens. */
const aPort = () => freePort(20_000 + Math.floor(Math.random() * 12_000))

const isTyped = ({ language, noRun }: Block) => language === 'bash' && noRun === undefined

/** The environment of a reader, without the settings of the test, but with a small sample. */
function environment(port: number): Record<string, string> {
  const { HOME = '' } = process.env
  const system = { PORT: String(port), SAMPLE_ROWS: '2000' }
  // The command line stores its config file in the clone.
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
    let output = ''
    for (const stream of [system.stdout, system.stderr]) {
      stream?.on('data', (text) => {
        output += text
        // The last line of the message.
        if (output.includes('Waybill is running') && output.includes(`-d '{"dataset"`)) resolve(output)
      })
    }
    system.once('close', (code) => reject(new Error(`npm start ended with ${code}:\n${output}`)))
  })
}

function accepts(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port })
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}

/** Saves a block under the name that the document gives. @returns the name */
async function save({ file = '', text }: Pick<Block, 'file' | 'text'>, { directory }: Clone): Promise<string> {
  await writeFile(join(directory, file), `${text}\n`)
  return file
}

/** The URL of the embedded Postgres of `npm start`. */
async function databaseUrl({ directory }: Clone): Promise<string> {
  const url = await findRunningPostgres(join(directory, '.data/postgres'))
  if (url === undefined) throw new Error('the Postgres of npm start does not run')
  return databaseIn(url)
}

/** Runs Node. @returns the output @throws Error with the output, if Node fails */
async function run(args: readonly string[], { directory }: Clone, env: Record<string, string>): Promise<string> {
  const child = spawn(process.execPath, args, { cwd: directory, env, timeout: 300_000 })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text))
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`${args.join(' ')} ended with code ${code}:\n${output}`)
  return output
}

/** Compares each JSON block with the output of the previous shell block: by fields and types, or exactly. */
function expectAnswers(blocks: readonly Block[], outputs: ReadonlyMap<Block, string>): void {
  for (const [index, { language, line, text, isExact, noRun }] of blocks.entries()) {
    if (language !== 'json' || noRun !== undefined) continue
    const command = blocks.slice(0, index).findLast((block) => outputs.has(block))
    const answer = command === undefined ? '' : (outputs.get(command) ?? '')
    const [given, shown] = [answer, text].map((json) => (isExact ? JSON.parse(json) : shapeOf(JSON.parse(json))))
    expect(given, `the answer of line ${line}`).toEqual(shown)
  }
}

/** Replaces values by their types, and keeps only the first item of a list. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, 1).map(shapeOf)
  if (typeof value !== 'object' || value === null) return value === null ? 'null' : typeof value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, shapeOf(item)]))
}
