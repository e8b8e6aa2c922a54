// The client and the command line against a server that sends hostile names and texts.
import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createClient } from '../../../packages/client/src/index.ts'
import { saveExport } from '../../../packages/client/src/node/save-export.ts'
import { type Cli, createCli } from '../../setup/cli.ts'

const CONTENT = 'id\n1\n'
const ID = '01a206bd-3a7c-70dd-b151-2b1407fb87af'
const HOSTILE = 'a\u001b]0;title\u0007\u009b2J\u202e\nnext'

let server: Server
let cli: Cli
let port: number
let found: Record<string, unknown>

beforeEach(async () => {
  found = {
    ...{ id: ID, status: 'completed', dataset: 'users', format: 'csv', compression: 'none', filters: {}, columns: [] },
    ...{ limit: null, truncated: false, warnings: [], progress: { rows: 1, percent: 100, estimatedRows: 1 } },
    ...{ filename: 'users.csv', contentType: 'text/csv', rowCount: 1, bytes: CONTENT.length, requestedBy: 'x' },
    ...{ snapshotAt: null, createdAt: '2026-11-24T12:00:00Z', finishedAt: null, expiresAt: null },
    sha256: createHash('sha256').update(CONTENT).digest('hex'),
  }
  server = createServer((request, response) => {
    if (request.url?.endsWith('/download')) return response.end(CONTENT)
    if (request.url?.endsWith('/v1/me')) {
      const problem = { code: 'FORBIDDEN', title: 'No', detail: HOSTILE }
      return response.writeHead(403, { 'content-type': 'application/problem+json' }).end(JSON.stringify(problem))
    }
    response.setHeader('content-type', 'application/json')
    return response.end(JSON.stringify(request.url?.includes('?') ? { items: [found], nextCursor: null } : found))
  })
  await new Promise<void>((resolve) => server.listen(0, resolve))
  port = (server.address() as AddressInfo).port
  cli = await createCli({ WAYBILL_URL: `http://127.0.0.1:${port}`, WAYBILL_API_KEY: 'a key for tests' })
})
afterEach(async () => {
  server.closeAllConnections()
  server.close()
  await cli.close()
})

it.each([
  ['the file name', { filename: '../escaped.txt' }],
  ['the id', { filename: 'escaped.txt', id: '/../../escaped' }],
])('saves a file in the chosen directory when %s leads out of it', async (_what, hostile) => {
  Object.assign(found, hostile)
  const inner = join(cli.directory, 'inner')
  await mkdir(inner)
  const client = createClient({ url: `http://127.0.0.1:${port}`, key: 'a key for tests' })
  const { path } = await saveExport(client, String(found.id), { path: inner })
  expect(path).toBe(join(inner, 'escaped.txt'))
  expect(await readFile(path, 'utf8')).toBe(CONTENT)
  expect(await readdir(cli.directory)).toEqual(['inner'])
  expect((await client.exports.download(ID)).filename).toBe('escaped.txt')
})

it('replaces control characters in a table, in details and in an error', async () => {
  Object.assign(found, { dataset: HOSTILE, requestedBy: HOSTILE, sha256: HOSTILE })
  const table = await cli.run(['list', '--all'])
  const details = await cli.run(['get', ID])
  const error = await cli.run(['me'])
  expect([table.code, details.code, error.code]).toEqual([0, 0, 3])
  expect(table.out.trim().split('\n')).toHaveLength(2)
  expect(error.err.trim().split('\n')).toHaveLength(1)
  for (const text of [table.out, details.out, error.err]) {
    expect(text).toContain('a\ufffd]0;title\ufffd\ufffd2J\ufffd\ufffdnext')
    expect(text).not.toMatch(/(?!\n)[\p{Cc}\p{Bidi_Control}]/u)
  }
})

it('escapes control characters in JSON, so that the values stay the same', async () => {
  Object.assign(found, { requestedBy: HOSTILE })
  const { out } = await cli.run(['get', ID, '--json'])
  expect(out).not.toMatch(/(?!\n)[\p{Cc}\p{Bidi_Control}]/u)
  expect(JSON.parse(out).requestedBy).toBe(HOSTILE)
})

it('warns when it sends the key to another machine without encryption', async () => {
  // The unspecified address also reaches this machine, but is not a loopback address.
  const far = await cli.run(['get', ID, '--url', `http://0.0.0.0:${port}`])
  expect([far.code, far.err]).toEqual([0, expect.stringMatching(/^waybill: http:\/\/0\.0\.0\.0:\d+ has no encryption/)])
  for (const host of ['127.0.0.1', 'localhost', '127.1']) {
    expect(await cli.run(['get', ID, '--url', `http://${host}:${port}`])).toMatchObject({ code: 0, err: '' })
  }
})
