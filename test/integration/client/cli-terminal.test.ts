// The command line on a real terminal: the progress bar, Ctrl-C in every state, hidden input.
import { readdir } from 'node:fs/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { loadSample } from '../../../apps/standalone/src/sample.ts'
import { type Cli, createCli } from '../../setup/cli.ts'
import { withClient } from '../../setup/database.ts'
import { endpointOf, startTcpProxy, type TcpProxy } from '../../setup/network/tcp-proxy.ts'
import { ADMIN_KEY, startTestSystem, type TestSystem } from '../../setup/system.ts'

const CTRL_C = '\u0003'

let tcp: TcpProxy
let system: TestSystem
let cli: Cli

beforeAll(async () => {
  tcp = await startTcpProxy(endpointOf(inject('s3').endpoint))
  system = await startTestSystem({ settings: { S3_PUBLIC_ENDPOINT: `http://127.0.0.1:${tcp.port}` } })
  await loadSample(system.database.url, { rows: 10_000 })
})
beforeEach(async () => {
  cli = await createCli({ WAYBILL_URL: system.url, WAYBILL_API_KEY: ADMIN_KEY })
})
afterEach(async () => {
  tcp.restore()
  await cli.close()
})
afterAll(async () => {
  await tcp.close()
  await system.stop()
})

const newest = async () => (await system.admin.get('/v1/exports?limit=1')).body.items[0]

/** Runs `work` while a lock blocks exports of users. */
async function whileHeld(work: () => Promise<void>): Promise<void> {
  await withClient(system.database.url, async (client) => {
    await client.query('BEGIN; LOCK TABLE users')
    await work()
    await client.query('COMMIT')
  })
  await system.admin.ended((await newest()).id)
}

/** Exports users, and presses Ctrl-C while the export runs. */
async function interrupted(...flags: string[]) {
  const terminal = cli.onTerminal(['export', 'users', ...flags])
  await terminal.shows('Requested export')
  await expect.poll(async () => (await newest()).status).toBe('running')
  terminal.type(CTRL_C)
  return terminal
}

it('shows a progress bar while the export runs, and removes it at the end', async () => {
  let terminal: ReturnType<typeof cli.onTerminal> | undefined
  await whileHeld(async () => {
    terminal = cli.onTerminal(['export', 'users', '-o', 'users.csv'])
    // While the table is locked, there is no estimate of the rows. A rate is shown after some seconds.
    await terminal.shows(/\r0 rows(, 0 rows\/s)?$/)
  })
  expect(await terminal?.ended).toBe(0)
  expect(terminal?.screen()).toMatch(/█{24} {2}100 %, .* of /)
  const afterTheLine = terminal?.raw().split('\r\u001b[2K').at(-1)
  expect(afterTheLine).toMatch(/^.*✓.* rows, .*users\.csv\r\n$/s)
})

it('prints plain lines without a terminal', async () => {
  const { err } = await cli.run(['export', 'users'])
  expect(err).not.toContain('\u001b')
  expect(err).toMatch(/^(queued|\d+ %|0 rows|[\d,]+ rows).*$/m)
})

describe('Ctrl-C while the server works', () => {
  it('cancels the export after a yes', () =>
    whileHeld(async () => {
      const terminal = await interrupted()
      await terminal.shows(/Cancel the export\? y: yes, n: no, leave it running/)
      terminal.type('y')
      expect(await terminal.ended).toBe(130)
      expect(terminal.screen()).toContain('The export is canceled.')
      expect((await newest()).status).toBe('canceled')
    }))

  it('leaves it running after a no, and prints the command to download it', () =>
    whileHeld(async () => {
      const terminal = await interrupted('-o', 'my users.csv')
      await terminal.shows('Cancel the export?')
      terminal.type('n')
      expect(await terminal.ended).toBe(130)
      const { id, status } = await newest()
      expect(status).toBe('running')
      expect(terminal.screen()).toContain(`waybill download ${id} -o 'my users.csv'`)
    }))

  it('ends immediately when it is pressed again, and leaves the export running', () =>
    whileHeld(async () => {
      const terminal = await interrupted()
      await terminal.shows('Cancel the export?')
      terminal.type(CTRL_C)
      expect(await terminal.ended).toBe(130)
      expect((await newest()).status).toBe('running')
    }))

  it('keeps waiting after Enter and saves the complete file', async () => {
    let terminal: Awaited<ReturnType<typeof interrupted>> | undefined
    await whileHeld(async () => {
      terminal = await interrupted('-o', 'users.csv')
      await terminal.shows('Cancel the export?')
      terminal.type('\r')
    })
    expect(await terminal?.ended).toBe(0)
    expect(await readdir(cli.directory)).toEqual(['users.csv'])
  })

  it('cancels without a prompt with --cancel-on-interrupt', () =>
    whileHeld(async () => {
      const terminal = await interrupted('--cancel-on-interrupt')
      expect(await terminal.ended).toBe(130)
      expect(terminal.screen()).not.toContain('Cancel the export?')
      expect((await newest()).status).toBe('canceled')
    }))
})

it('Ctrl-C during the download keeps the received data and prints the command to resume', async () => {
  const { id } = await system.admin.export({ dataset: 'users', format: 'json' })
  tcp.throttle(20_000)
  const terminal = cli.onTerminal(['download', id, '-o', 'users.json'])
  await terminal.shows(/[█░]{24} {2}\d+ %, \S+ \S?B of \S+ \S?B, \S+ \S?B\/s, \d+:\d\d left/)
  terminal.type(CTRL_C)
  expect(await terminal.ended).toBe(130)
  expect(terminal.screen()).toContain(`To resume: waybill download ${id} -o users.json`)
  expect(await readdir(cli.directory)).toEqual([`users.json.${id}.part`])
})

it('login prompts for the server and for a hidden key', async () => {
  const terminal = cli.onTerminal(['login'], { WAYBILL_URL: '', WAYBILL_API_KEY: '' })
  await terminal.shows('Server [http://localhost:8080]: ')
  terminal.type(`${system.url}\r`)
  await terminal.shows('API key (hidden): ')
  terminal.type(`x\u007f${ADMIN_KEY}\r`)
  expect(await terminal.ended).toBe(0)
  expect(terminal.screen()).toMatch(/Logged in to .* as .* \(admin\)/)
  expect(terminal.screen()).not.toContain(ADMIN_KEY)
})

it('uses no colors with NO_COLOR', async () => {
  const terminal = cli.onTerminal(['export', 'users'], { NO_COLOR: '1' })
  expect(await terminal.ended).toBe(0)
  expect(terminal.raw()).toContain('✓')
  expect(terminal.raw()).not.toContain('\u001b[32m')
})
