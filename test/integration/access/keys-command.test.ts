// `npm run keys`: manages API keys with only the database, or only the data directory of npm start.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runKeys } from '../../../apps/api/src/commands/keys-command.ts'
import { startPostgres } from '../../../apps/standalone/src/postgres/embedded-postgres.ts'
import { deployMigrations } from '../../../packages/shared/src/database/migrations.ts'
import { readDatabaseUrl } from '../../../packages/shared/src/settings/read.ts'
import { createApiClient } from '../../setup/api/api-client.ts'
import { inheritedEnvironment } from '../../setup/spawn.ts'
import { startTestSystem, type TestSystem } from '../../setup/system.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

let system: TestSystem
beforeAll(async () => {
  system = await startTestSystem({ worker: false })
})
afterAll(() => system.stop())

async function run(entry: string, args: readonly string[], env: Record<string, string>) {
  const child = spawn(process.execPath, [entry, ...args], { cwd: ROOT, env: { ...inheritedEnvironment(), ...env } })
  let out = ''
  let err = ''
  child.stdout.on('data', (chunk: Buffer) => (out += chunk))
  child.stderr.on('data', (chunk: Buffer) => (err += chunk))
  const [code] = await once(child, 'close')
  return { code: code as number | null, out, err }
}

/** Runs the command in this process, which is faster than a separate one. */
async function keys(...args: string[]) {
  let out = ''
  let err = ''
  const code = await runKeys({
    args,
    databaseUrl: async () => system.database.url,
    out: (line) => {
      out += `${line}\n`
    },
    say: (line) => {
      err += `${line}\n`
    },
  })
  return { code, out, err }
}

const me = (key: string) => createApiClient(system.url, key.trim()).get('/v1/me')

describe('with the database', () => {
  it('prints only the new secret to stdout, and never shows it again', async () => {
    const args = ['create', '--name', 'reports', '--datasets', 'users,user-points', '--expires', '90d']
    const made = await run('apps/api/src/commands/keys.ts', args, { DATABASE_URL: system.database.url })
    expect(made).toMatchObject({ code: 0, out: expect.stringMatching(/^wb_[\w-]{43}\n$/) })
    expect((await me(made.out)).body).toMatchObject({ role: 'exporter', datasets: ['users', 'user-points'] })
    const listed = await keys('list')
    const line = listed.out.split('\n').find((text) => text.includes(made.out.slice(0, 11))) ?? ''
    expect(line).toMatch(/exporter +valid +20\d\d-\S+Z +20\d\d-\S+Z +users,user-points +reports$/)
    expect(listed.out).not.toContain(made.out.trim())
  })

  it('changes, rotates and revokes a key by its first characters, at once', async () => {
    const first = (await keys('create', '--name', 'ops', '--role', 'admin')).out
    const prefix = first.slice(0, 11)
    expect(await keys('change', prefix, '--role', 'exporter', '--expires', '30d')).toMatchObject({ code: 0, out: '' })
    expect((await me(first)).body.role).toBe('exporter')
    const second = await keys('rotate', prefix, '--overlap', '1h')
    expect(second.code, second.err).toBe(0)
    const { body } = await me(second.out)
    expect((await me(first)).body.id).toBe(body.id)
    expect((await keys('revoke', body.id.slice('key:'.length))).code).toBe(0)
    for (const key of [first, second.out]) expect((await me(key)).status).toBe(401)
  })

  it.each([
    [[], 2, /command is missing/],
    [['lst'], 2, /no command "lst"/],
    [['create'], 2, /needs --name/],
    [['create', '--name', 'x', '--role', 'root'], 2, /--role must be one of: admin, exporter/],
    [['create', '--name', 'x', '--datasets', ''], 2, /--datasets/],
    [['create', '--name', 'x', '--role', 'admin', '--datasets', 'users'], 1, /^--datasets must be empty for the role/],
    [['create', '--name', 'x', '--expires', '2020-01-01T00:00:00Z'], 2, /in the future/],
    [['create', '--name', 'x', '--nonsense'], 2, /nonsense/],
    [['list', '--overlap', '1h'], 2, /no option --overlap/],
    [['rotate'], 2, /takes one key/],
    [['rotate', 'wb_nobodys'], 2, /no key "wb_nobodys"/],
    [['revoke', 'bootstrap', 'and-more'], 2, /takes one key/],
    [['rotate', 'bootstrap'], 1, /defined in the settings/],
  ] as const)('rejects %j with the reason and changes nothing', async (args, code, reason) => {
    const before = (await keys('list')).out
    const refused = await keys(...args)
    expect(refused).toMatchObject({ code, out: '', err: expect.stringMatching(reason) })
    expect(refused.err).not.toMatch(/\n +at /)
    expect((await keys('list')).out).toBe(before)
  })

  it('prints help, and reports database errors without the password', async () => {
    expect(await keys('--help')).toMatchObject({ code: 0, out: expect.stringMatching(/^Usage: .*[\s\S]*rotate/) })
    expect(() => readDatabaseUrl({})).toThrow('DATABASE_URL is missing')
    expect(() => readDatabaseUrl({ DATABASE_URL: 'mysql://u:hush@db/x' })).toThrow(/^(?!.*hush).*postgres:\/\/ URL/s)
    const away = await run('apps/api/src/commands/keys.ts', ['list'], {
      DATABASE_URL: 'postgres://u:hush@127.0.0.1:1/x',
    })
    expect(away).toMatchObject({ code: 1, err: expect.stringMatching(/^Database error: /) })
    expect(away.err).not.toContain('hush')
  })
})

// Starts Postgres twice and Node three times, which takes up to a minute on a busy machine.
it('works on the data directory of npm start, running or not', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'waybill-keys-'))
  const standalone = (...args: string[]) => run('apps/standalone/src/keys.ts', args, { DATA_DIR: dataDir })
  try {
    expect(await standalone('list')).toMatchObject({ code: 1, err: expect.stringContaining('Run npm start once') })
    const options = { directory: join(dataDir, 'postgres'), port: 0, log: () => undefined, settings: { fsync: 'off' } }
    const postgres = await startPostgres(options)
    const client = new pg.Client({ connectionString: postgres.url })
    await client.connect()
    await client.query('CREATE DATABASE waybill')
    await client.end()
    await deployMigrations(postgres.url.replace(/postgres$/, 'waybill'))
    const made = await standalone('create', '--name', 'while it runs')
    expect(made, made.err).toMatchObject({ code: 0, out: expect.stringMatching(/^wb_/) })
    await postgres.stop()
    const listed = await standalone('list')
    expect(listed, listed.err).toMatchObject({ code: 0, out: expect.stringContaining('while it runs') })
  } finally {
    await rm(dataDir, { recursive: true, force: true })
  }
})
