// The embedded Postgres: it starts on any machine, keeps its state, ends with its process, and does not block other runs.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type EmbeddedPostgres, startPostgres } from '../../../apps/standalone/src/postgres/embedded-postgres.ts'
import { withClient } from '../../setup/database.ts'

let directory: string
const running: EmbeddedPostgres[] = []
const said: string[] = []

beforeEach(async () => {
  // mkdtemp uses mode 0700: as root, no other user can enter this directory.
  directory = await mkdtemp(join(tmpdir(), 'waybill-embedded-'))
  said.length = 0
})

afterEach(async () => {
  for (const server of running.splice(0)) await server.stop()
  await rm(directory, { recursive: true, force: true, maxRetries: 10 })
})

async function start(name: string, options: { port?: number; signal?: AbortSignal } = {}): Promise<EmbeddedPostgres> {
  const settings = { fsync: 'off' }
  const server = await startPostgres({
    directory: join(directory, name),
    log: (line) => said.push(line),
    port: 0,
    settings,
    ...options,
  })
  running.push(server)
  return server
}

const answer = (url: string, sql: string) =>
  withClient(url, async (client) => Object.values((await client.query<Record<string, unknown>>(sql)).rows[0] ?? {})[0])

test('keeps its state over a restart, in a directory of mode 0700', async () => {
  expect((await stat(directory)).mode & 0o777).toBe(0o700)
  const first = await start('a')
  await withClient(first.url, (client) => client.query('CREATE TABLE kept AS SELECT 42 AS n'))
  await first.stop()
  await expect(answer(first.url, 'SELECT 1')).rejects.toThrow()

  const second = await start('a')
  expect(await answer(second.url, 'SELECT n FROM kept')).toBe(42)
  expect(said).toEqual(['Creating the embedded Postgres (first start only)'])
})

test('uses UTF-8 and UTC, and accepts connections from loopback with the password only', async () => {
  const { url } = await start('a')
  expect(await answer(url, 'SHOW server_encoding')).toBe('UTF8')
  expect(await answer(url, 'SHOW timezone')).toBe('UTC')
  expect(await answer(url, 'SHOW listen_addresses')).toBe('127.0.0.1')
  expect(await answer(url, "SELECT upper('straße ñ')")).toBe('STRASSE Ñ'.replace('SS', 'ß'))
  const withoutPassword = new URL(url)
  withoutPassword.password = 'guess'
  await expect(answer(withoutPassword.href, 'SELECT 1')).rejects.toThrow(/password authentication failed/)
})

test('uses another port if the preferred one is in use, and two servers run at once', async () => {
  const blocker = createServer().listen(0, '127.0.0.1')
  await once(blocker, 'listening')
  const address = blocker.address()
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0
  try {
    const [one, two] = await Promise.all([start('a', { port }), start('b', { port })])
    expect(one.port).not.toBe(port)
    expect(two.port).not.toBe(one.port)
    expect(await answer(one.url, 'SELECT 1')).toBe(1)
    expect(await answer(two.url, 'SELECT 1')).toBe(1)
  } finally {
    blocker.close()
  }
})

test('refuses a directory that a live run uses, and does not disturb that run', async () => {
  const first = await start('a')
  await expect(start('a')).rejects.toThrow(`in use by process ${process.pid}`)
  expect(await answer(first.url, 'SELECT 1')).toBe(1)
})

test('starts after a run that was killed', async () => {
  const child = startInChild(join(directory, 'a'))
  const url = String((await once(child, 'message'))[0])
  await withClient(url, (client) => client.query('CREATE TABLE kept AS SELECT 42 AS n'))
  child.kill('SIGKILL')
  await once(child, 'exit')

  const next = await start('a')
  expect(await answer(next.url, 'SELECT n FROM kept')).toBe(42)
})

test('ends with the process that started it, also without stop()', async () => {
  const child = startInChild(join(directory, 'a'))
  const url = String((await once(child, 'message'))[0])
  child.send('exit')
  await once(child, 'exit')
  const isDown = () => expect(answer(url, 'SELECT 1')).rejects.toThrow(/ECONNREFUSED/)
  await vi.waitFor(isDown, { timeout: 100_000 })
})

test('an aborted start leaves no process and no partial cluster', async () => {
  await expect(start('a', { signal: AbortSignal.timeout(100) })).rejects.toThrow(/abort|timeout/i)
  const server = await start('a')
  expect(await answer(server.url, 'SELECT 1')).toBe(1)
})

test('the error of a failed start shows the end of the log and names DATABASE_URL', async () => {
  await (await start('a')).stop()
  const broken = startPostgres({ directory: join(directory, 'a'), log: () => undefined, settings: { no_such: '1' } })
  await expect(broken).rejects.toThrow(/DATABASE_URL[\s\S]*unrecognized configuration parameter "no_such"/)
})

function startInChild(target: string): ChildProcess {
  const module = new URL('../../../apps/standalone/src/postgres/embedded-postgres.ts', import.meta.url).href
  const program = `
    const { startPostgres } = await import(${JSON.stringify(module)})
    const server = await startPostgres({ directory: ${JSON.stringify(target)}, port: 0, log: () => {} })
    process.send(server.url)
    process.on('message', () => process.exit(3))`
  return spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
}
