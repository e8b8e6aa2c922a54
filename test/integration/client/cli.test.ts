// The command line against the running API: complete files, output for scripts, exit codes.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { parse } from 'csv-parse/sync'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { freePort } from '../../../apps/standalone/src/free-port.ts'
import { loadSample } from '../../../apps/standalone/src/sample.ts'
import { type Cli, createCli } from '../../setup/cli.ts'
import { withClient } from '../../setup/database.ts'
import { endpointOf, startTcpProxy, type TcpProxy } from '../../setup/network/tcp-proxy.ts'
import { ADMIN_KEY, startTestSystem, type TestSystem } from '../../setup/system.ts'

/** Placeholder for the address of a server that does not exist. */
const GONE = 'http://gone'

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
const count = async () => (await system.admin.get('/v1/exports?limit=200')).body.items.length
const file = (name: string) => readFile(join(cli.directory, name))
const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

describe('waybill export', () => {
  it('sends the request, saves the complete file and prints its path', async () => {
    const words = ['export', 'user-points', '--from', '2026-01-01', '--game', 'game-1', '-o', 'points.xlsx']
    const { code, out, err } = await cli.run([...words, '--columns', 'id,points', '--limit', '1_000'])
    expect(err).toMatch(/Requested export [0-9a-f-]{36}\.\n/)
    expect([code, out]).toEqual([0, `${join(cli.directory, 'points.xlsx')}\n`])
    const asked = await newest()
    expect(asked).toMatchObject({
      dataset: 'user-points',
      format: 'xlsx',
      filters: { dateFrom: '2026-01-01', externalGameId: 'game-1' },
      columns: ['id', 'points'],
      limit: 1000,
    })
    expect(digest(await file('points.xlsx'))).toBe(asked.sha256)
    expect(err).toContain(`SHA-256 verified (${asked.sha256})`)
    expect(await readdir(cli.directory)).toEqual(['points.xlsx'])
  })

  it('writes only the file to standard output', async () => {
    const { code, out } = await cli.run(['export', 'users', '-o', '-', '--gzip', '--quiet'])
    expect(code).toBe(0)
    const { sha256, compression } = await newest()
    expect(compression).toBe('gzip')
    expect(sha256).toMatch(/^[0-9a-f]{64}$/)
    expect(out.length).toBeGreaterThan(0)
    const plain = await cli.run(['export', 'users', '-o', '-', '--delimiter', 'semicolon', '--no-header'])
    expect(digest(Buffer.from(plain.out))).toBe((await newest()).sha256)
  })

  it('takes format and compression from the name of the file', async () => {
    expect((await cli.run(['export', 'users', '-o', 'users.ndjson.gz'])).code).toBe(0)
    const [first = ''] = gunzipSync(await file('users.ndjson.gz'))
      .toString()
      .split('\n')
    expect(JSON.parse(first)).toHaveProperty('externalUserId')
  })

  it('prints one JSON value and nothing else with --json', async () => {
    const { code, out, err } = await cli.run(['export', 'users', '--json'])
    expect([code, err]).toEqual([0, ''])
    const asked = await newest()
    const path = join(cli.directory, asked.filename)
    expect(JSON.parse(out)).toMatchObject({
      export: { id: asked.id, status: 'completed' },
      file: { path, bytes: asked.bytes, sha256: asked.sha256 },
    })
  })

  it('resumes an interrupted download with the same command, without a second export', async () => {
    const words = ['export', 'user-points', '-o', 'points.csv', '--cancel-on-interrupt']
    tcp.throttle(400_000)
    const broken = cli.start(words)
    await expect.poll(async () => (await readdir(cli.directory)).length).toBe(1)
    const [part = ''] = await readdir(cli.directory)
    const size = async () => (await stat(join(cli.directory, part))).size
    await expect.poll(size).toBeGreaterThan(100_000)
    broken.kill('SIGINT')
    const { code, err } = await broken.ended
    const asked = await newest()
    expect(code).toBe(130)
    expect(err).toContain(`To resume: waybill download ${asked.id} -o points.csv`)
    expect(await readdir(cli.directory)).toEqual([`points.csv.${asked.id}.part`])
    const there = await size()

    tcp.restore()
    const exports = await count()
    const again = await cli.run(words)
    expect(again.err).toContain(`Resuming export ${asked.id}`)
    expect(again.code).toBe(0)
    expect(there).toBeGreaterThan(0)
    expect(again.err).toMatch(/Resumed after \S+ kB/)
    expect(await count()).toBe(exports)
    expect(digest(await file('points.csv'))).toBe(asked.sha256)
    expect(await readdir(cli.directory)).toEqual(['points.csv'])
  })

  it('resumes automatically after a lost connection', async () => {
    const cut = tcp.cutAfter(500_000, 'downstream')
    const { code, err } = await cli.run(['export', 'user-points', '-o', 'points.csv'])
    await cut
    expect(code).toBe(0)
    expect(err).toContain('Retrying')
    expect(digest(await file('points.csv'))).toBe((await newest()).sha256)
  })

  it('continues after a restart of the server, and says how to resume when the server does not answer in time', async () => {
    const line = await startTcpProxy(endpointOf(system.url))
    try {
      const env = { WAYBILL_URL: `http://127.0.0.1:${line.port}` }
      await withClient(system.database.url, async (client) => {
        await client.query('BEGIN; LOCK TABLE users')
        const waiting = cli.start(['export', 'users', '-o', 'users.csv'], { env })
        await expect.poll(waiting.err).toContain('Requested export')
        const { id } = await newest()
        line.refuse()
        const short = await cli.run(['download', id, '--timeout', '1s'], { env })
        expect(short.code).toBe(6)
        expect(short.err).toContain(
          `The export ${id} continues on the server. To download its file: waybill download ${id}`,
        )
        // More retries than the client makes by default.
        await expect.poll(() => waiting.err().match(/Retrying/g)?.length).toBeGreaterThan(5)
        line.restore()
        await client.query('COMMIT')
        expect((await waiting.ended).code).toBe(0)
        expect(digest(await file('users.csv'))).toBe((await system.admin.ended(id)).sha256)
      })
    } finally {
      await line.close()
    }
  })

  it('makes one export from one --idempotency-key, and names the key when no answer came', async () => {
    const words = ['export', 'users', '--detach', '--idempotency-key', 'monthly-users']
    const [first, second] = [await cli.run(words), await cli.run(words)]
    expect([first.code, second.out]).toEqual([0, first.out])
    // The list of datasets comes from a server that stops answering before the request.
    const server = createServer((request, response) => {
      if (request.method === 'POST') return void response.destroy()
      void fetch(system.url + request.url, { headers: { authorization: `Bearer ${ADMIN_KEY}` } })
        .then((answer) => answer.text())
        .then((text) => response.setHeader('content-type', 'application/json').end(text))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    try {
      const env = { WAYBILL_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
      const { code, err } = await cli.run(['export', 'users', '--timeout', '1s'], { env })
      expect(code).toBe(6)
      expect(err).toMatch(/without a second export, add --idempotency-key client-[0-9a-f]{32}\./)
    } finally {
      server.close()
    }
  })

  it.each([
    ['an extension that names no format', ['-o', 'users.parquet'], /the extension "\.parquet" names no file format/],
    ['a --timeout without a unit', ['--timeout', '10'], /--timeout must be a duration like 30s, 10m or 2h, not "10"/],
  ])('refuses %s before the request', async (_what, words, message) => {
    const exports = await count()
    const { code, err } = await cli.run(['export', 'users', ...words])
    expect(code).toBe(2)
    expect(err).toMatch(message)
    expect(await count()).toBe(exports)
  })

  it('does not resume the download of another request', async () => {
    const other = await system.admin.export({ dataset: 'users', format: 'csv', limit: 5 })
    await writeFile(join(cli.directory, `users.csv.${other.id}.part`), 'x')
    const { code, err } = await cli.run(['export', 'users', '-o', 'users.csv'])
    expect(code).toBe(0)
    expect(err).not.toContain('Resuming')
    expect((await newest()).id).not.toBe(other.id)
  })

  it('does not overwrite a file without --force, and checks this before the request', async () => {
    await writeFile(join(cli.directory, 'users.csv'), 'mine')
    const exports = await count()
    expect(await cli.run(['export', 'users', '-o', 'users.csv'])).toMatchObject({
      code: 7,
      err: expect.stringMatching(/already exists[\s\S]*--force/),
    })
    expect(await count()).toBe(exports)
    expect((await file('users.csv')).toString()).toBe('mine')
    expect((await cli.run(['export', 'users', '-o', 'users.csv', '--force'])).code).toBe(0)
    expect(digest(await file('users.csv'))).toBe((await newest()).sha256)
  })
})

describe('a detached export', () => {
  it('list, get, events, download, remove and cancel print text and JSON', async () => {
    const { out } = await cli.run(['export', 'users', '--detach'])
    const id = out.trim()
    const done = await system.admin.ended(id)
    const [listed, got, shown, events] = await Promise.all([
      cli.run(['list', '--json', '--limit', '1']),
      cli.run(['get', id, '--json']),
      cli.run(['get', id]),
      cli.run(['events', id, '--json']),
    ])
    expect(JSON.parse(listed.out)).toMatchObject([{ id, status: 'completed' }])
    expect(JSON.parse(got.out)).toMatchObject({ id, sha256: done.sha256 })
    expect(shown.out).toMatch(new RegExp(`^status +completed$[\\s\\S]*^next +waybill download ${id}$`, 'm'))
    expect(JSON.parse(events.out).map(({ type }: { type: string }) => type)).toContain('export.completed')

    expect((await cli.run(['list', '--dataset', 'users'])).out).toMatch(
      new RegExp(`^${id} +completed +users +csv`, 'm'),
    )
    expect((await cli.run(['download', id, '-o', '.'])).out.trim()).toBe(join(cli.directory, done.filename))
    expect(digest(await file(done.filename))).toBe(done.sha256)
    const [canceled, removed] = await Promise.all([cli.run(['cancel', id]), cli.run(['remove', id])])
    expect(canceled).toMatchObject({ code: 0, out: expect.stringMatching(/has already ended \((completed|expired)\)/) })
    expect(removed.code).toBe(0)
    expect(await cli.run(['download', id])).toMatchObject({ code: 4, err: expect.stringContaining('removed') })
  })

  it('datasets, preview, me and keys', async () => {
    const [datasets, one, preview, me, made] = await Promise.all([
      cli.run(['datasets', '--json']),
      cli.run(['datasets', 'user-points']),
      cli.run(['preview', 'user-points', '--columns', 'points', '--game', 'game-1']),
      cli.run(['me', '--json']),
      cli.run(['keys', 'create', 'nightly', '--datasets', 'users', '--expires', '90d', '--json']),
    ])
    expect(JSON.parse(datasets.out).map(({ name }: { name: string }) => name)).toContain('wallet-transactions')
    for (const flag of ['--from', '--to', '--game', '--task']) expect(one.out).toContain(flag)
    expect(preview.out).toMatch(/^points\n(\d+\n)+\nAbout [\d,]+ rows in total\.\n$/)
    expect(JSON.parse(me.out)).toMatchObject({ role: 'admin' })
    const { id, key } = JSON.parse(made.out)
    const as = { env: { WAYBILL_API_KEY: key } }
    const [mine, theirs, ended] = [
      await cli.run(['me'], as),
      await cli.run(['list', '--all'], as),
      await cli.run(['keys', 'revoke', id]),
    ]
    expect(mine.out).toMatch(/^role +exporter\ndatasets +users$/m)
    expect(theirs.code).toBe(3)
    expect(ended.code).toBe(0)
    expect((await cli.run(['me'], as)).code).toBe(3)
    expect((await cli.run(['keys'])).out).toMatch(new RegExp(`^${id} +nightly +exporter .*revoked`, 'm'))
  })
})

describe('lists as CSV', () => {
  it('have one header and as many rows as --limit, over several pages', async () => {
    // Older than all other exports, and removed at the end, so that other tests do not see them.
    const copy = `INSERT INTO waybill.exports
      SELECT (jsonb_populate_record(one, jsonb_build_object(
        'id', '00000000-0000-7000-8000-' || lpad(n::text, 12, '0'), 'idempotency_key', NULL))).*
      FROM waybill.exports AS one, generate_series(1, 300) AS n WHERE one.id = $1`
    const { id: original } = await system.admin.export({ dataset: 'users', format: 'csv' })
    await withClient(system.database.url, async (client) => {
      await client.query(copy, [original])
      try {
        const { code, out } = await cli.run(['list', '--limit', '250', '--csv'])
        const rows: Record<string, string>[] = parse(out, { columns: true })
        expect([code, rows.length, new Set(rows.map(({ id }) => id)).size]).toEqual([0, 250, 250])
        const json = JSON.parse((await cli.run(['list', '--limit', '250', '--json'])).out)
        expect(rows.map(({ id }) => id)).toEqual(json.map(({ id }: { id: string }) => id))
      } finally {
        await client.query(`DELETE FROM waybill.exports WHERE id < '00000000-0000-7000-8000-999999999999'`)
      }
    })
  })

  it('cannot be combined with --json', async () => {
    expect(await cli.run(['list', '--csv', '--json'])).toMatchObject({ code: 2, err: expect.stringContaining('--csv') })
  })
})

describe('errors have an exit code and a message', () => {
  it.each([
    ['a typo in the dataset', ['export', 'user-point'], 2, /Did you mean user-points\?/],
    ['a typo in a filter', ['export', 'user-points', '--gmae', 'x'], 2, /Did you mean --game\?/],
    ['a rule of the server', ['export', 'users', '-f', 'xlsx', '--gzip'], 2, /compression/],
    ['an unknown export', ['get', '01a206bd-3a7c-70dd-b151-2b1407fb87af'], 4, /Not found/],
    ['a key that is not valid', ['me', '--key', 'wb_nobody'], 3, /waybill login/],
    ['an unreachable server', ['me', '--url', GONE], 6, /could not be reached/],
  ])('%s', async (_what, words, code, says) => {
    const exports = await count()
    const gone = `http://127.0.0.1:${await freePort(0)}`
    const ended = await cli.run(words.map((word) => (word === GONE ? gone : word)))
    expect(ended).toMatchObject({ code, out: '', err: expect.stringMatching(says) })
    expect(ended.err).not.toMatch(/\n\s+at /) // no stack
    expect(await count()).toBe(exports)
  })

  it('a failed export: its own exit code, and the export as JSON on standard error', async () => {
    const sql = (text: string) => withClient(system.database.url, (client) => client.query(text))
    await sql('ALTER TABLE wallettransactions RENAME TO away')
    const { code, out, err } = await cli.run(['export', 'wallet-transactions', '--json'])
    await sql('ALTER TABLE away RENAME TO wallettransactions')
    expect([code, out]).toEqual([5, ''])
    const { id } = await newest()
    expect(JSON.parse(err)).toMatchObject({ error: { code: 'SOURCE_TABLE_MISSING', export: { id, status: 'failed' } } })
  })

  it('a file with a wrong checksum, written to a pipe', async () => {
    const done = await system.admin.export({ dataset: 'users', format: 'csv' })
    const wrong = `UPDATE waybill.exports SET sha256 = repeat('0', 64) WHERE id = '${done.id}'`
    await withClient(system.database.url, (client) => client.query(wrong))
    const { code, err } = await cli.run(['download', done.id, '-o', '-'])
    expect(code).toBe(7)
    expect(err).toContain('Do not use it')
  })

  it('a directory that does not exist', async () => {
    expect(await cli.run(['export', 'users', '-o', 'no/such/place.csv'])).toMatchObject({
      code: 7,
      err: expect.stringMatching(/The directory \S+\/no\/such does not exist\. Create it first\./),
    })
  })
})

describe('without a terminal, SIGTERM', () => {
  it.each([
    [
      'leaves the export running and prints the command to download it',
      [],
      'running',
      /still running.*waybill download/,
    ],
    ['cancels it with --cancel-on-interrupt', ['--cancel-on-interrupt'], 'canceled', /is canceled/],
  ])('%s', async (_what, flags, status, says) => {
    await withClient(system.database.url, async (client) => {
      // Stops the export before its first row.
      await client.query('BEGIN; LOCK TABLE users')
      const { kill, err, ended } = cli.start(['export', 'users', ...flags])
      await expect.poll(err).toContain('Requested export')
      await expect.poll(async () => (await newest()).status).toBe('running')
      kill('SIGTERM')
      expect(await ended).toMatchObject({ code: 143, out: '', err: expect.stringMatching(says) })
      expect((await newest()).status).toBe(status)
      await client.query('COMMIT')
    })
    await system.admin.ended((await newest()).id)
  })
})

describe('the config file', () => {
  const nowhere = { WAYBILL_URL: '', WAYBILL_API_KEY: '' }

  it('is written by login after the server has accepted the key, readable by its owner only', async () => {
    const wrong = await cli.run(['login', '--url', system.url], { env: nowhere, input: 'wb_wrong\n' })
    expect(wrong.code).toBe(3)
    await expect(stat(cli.configPath)).rejects.toThrow('ENOENT')
    const right = await cli.run(['login', '--url', system.url], { env: nowhere, input: `${ADMIN_KEY}\n` })
    expect(right).toMatchObject({ code: 0, err: '' })
    expect(right.out).not.toContain(ADMIN_KEY)
    expect((await stat(cli.configPath)).mode & 0o777).toBe(0o600)
    expect((await cli.run(['me'], { env: nowhere })).out).toMatch(/^role +admin$/m)
  })

  it('causes a warning when others can read it, and its key is never sent to another server', async () => {
    await cli.run(['login'], { env: { WAYBILL_URL: system.url } })
    await chmod(cli.configPath, 0o644)
    expect((await cli.run(['me'], { env: nowhere })).err).toContain(`chmod 600 ${cli.configPath}`)
    const elsewhere = await cli.run(['me', '--url', 'http://127.0.0.1:9'], { env: nowhere })
    expect(elsewhere).toMatchObject({ code: 3, err: expect.stringContaining('no key for http://127.0.0.1:9') })
    expect((await cli.run(['me', '--key', 'wb_flag'], { env: nowhere })).code).toBe(3) // flags win
  })

  it('is reported when it is not valid, and deleted by logout', async () => {
    await cli.run(['login'])
    await writeFile(cli.configPath, '{')
    expect(await cli.run(['me'], { env: nowhere })).toMatchObject({
      code: 2,
      err: expect.stringContaining(cli.configPath),
    })
    expect((await cli.run(['logout'], { env: nowhere })).code).toBe(0)
    expect(await cli.run(['me'], { env: nowhere })).toMatchObject({
      code: 3,
      err: expect.stringContaining('waybill login'),
    })
  })
})

it('runs with the Node of the repository when the one on the PATH is too old', async () => {
  // Like an old Node, which cannot run TypeScript.
  const { code, out } = await cli.run(['me', '--json'], { nodeFlags: ['--no-experimental-strip-types'] })
  expect([code, JSON.parse(out).role]).toEqual([0, 'admin'])
  expect((await cli.run(['get', 'no-id'], { nodeFlags: ['--no-experimental-strip-types'] })).code).toBe(4)
})

describe('waybill completion', () => {
  it.each([
    [['ex'], 'export'],
    [['keys', 'cr'], 'create'],
    [['export', 'users', '--format', ''], 'csv json ndjson xlsx'],
    [['export', 'users', '--web'], '--webhook-url'],
  ])('completes %j in bash', async (words, expected) => {
    await cli.run(['completion', 'bash']).then(({ out }) => writeFile(join(cli.directory, 'completion.bash'), out))
    const script = `source ./completion.bash; COMP_WORDS=(waybill "$@"); COMP_CWORD=$#; _waybill; echo "\${COMPREPLY[*]}"`
    const { stdout } = await promisify(execFile)('bash', ['-c', script, 'bash', ...words], { cwd: cli.directory })
    expect(stdout.trim()).toBe(expected)
  })

  it('knows every command in zsh and fish too, and refuses another shell', async () => {
    const { out: help } = await cli.run(['--help'])
    const [zsh, fish] = await Promise.all(['zsh', 'fish'].map((shell) => cli.run(['completion', shell])))
    for (const [, name = ''] of help.matchAll(/^ {2}([a-z]+)(?= [A-Z[a-z ]| {2})/gm)) {
      if (name === 'waybill') continue
      expect(zsh?.out).toMatch(new RegExp(`\\b${name}\\b`))
      expect(fish?.out).toMatch(new RegExp(` -a ${name} `))
    }
    expect((await cli.run(['completion', 'tcsh'])).code).toBe(2)
  })
})
