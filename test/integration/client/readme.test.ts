// Runs the programs of README.md and the documents unchanged, and checks their results.
import { spawn } from 'node:child_process'
import { createHash, createHmac } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { loadSample } from '../../../apps/standalone/src/sample.ts'
import { ADMIN_KEY, startTestSystem, type TestSystem } from '../../setup/system.ts'

const PACKAGE = fileURLToPath(new URL('../../../packages/client', import.meta.url))

let system: TestSystem
let directory: string

beforeAll(async () => {
  system = await startTestSystem()
  await loadSample(system.database.url, { rows: 1_000 })
})
/** A separate project in which the package is installed. */
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'waybill-readme-'))
  await mkdir(join(directory, 'node_modules/@waybill'), { recursive: true })
  await symlink(PACKAGE, join(directory, 'node_modules/@waybill/client'))
  return () => rm(directory, { recursive: true, force: true })
})
afterAll(() => system.stop())

async function snippets(path: string): Promise<string[]> {
  const markdown = await readFile(new URL(`../../../${path}`, import.meta.url), 'utf8')
  const found = [...markdown.matchAll(/^```ts[^\n]*\n(.*?)^```$/gms)].map(([, code = '']) => code)
  expect(found, `programs in ${path}`).not.toEqual([])
  return found
}

async function start(code: string, env: Record<string, string>) {
  await writeFile(join(directory, 'program.mts'), code)
  return spawn(process.execPath, ['program.mts'], { cwd: directory, env: { PATH: process.env.PATH, ...env } })
}

it('the program of the README saves a complete file', async () => {
  const [program = '', stream = ''] = await snippets('packages/client/README.md')
  expect(
    program
      .trim()
      .split('\n')
      .filter((line) => line !== '').length,
  ).toBeLessThanOrEqual(10)
  const child = await start(`${program}\n${stream}`, { WAYBILL_URL: system.url, WAYBILL_API_KEY: ADMIN_KEY })
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)])
  expect(err).toBe('')
  const [file = ''] = (await readdir(directory)).filter((name) => name.endsWith('.csv'))
  const bytes = await readFile(join(directory, file))
  const { body } = await system.admin.get('/v1/exports?limit=1')
  expect(body.items[0]).toMatchObject({ dataset: 'user-points', filters: { dateFrom: '2026-01-01' }, filename: file })
  expect(createHash('sha256').update(bytes).digest('hex')).toBe(body.items[0].sha256)
  expect(out).toContain(`is whole: SHA-256 ${body.items[0].sha256}`)
  const streamed = [...out.matchAll(new RegExp(`^${file}: (\\d+) bytes$`, 'gm'))]
  expect(streamed.reduce((sum, [, count]) => sum + Number(count), 0)).toBe(bytes.length)
})

it('the receiver of docs/client.md accepts only signed events', async () => {
  const [receiver = ''] = await snippets('docs/client.md')
  const secret = Buffer.from('a secret of some length')
  const child = await start(
    receiver.replace('listen(3000)', 'listen(0, function () { console.log(this.address().port) })'),
    {
      WAYBILL_WEBHOOK_SECRET: `whsec_${secret.toString('base64')}`,
    },
  )
  try {
    const port = Number(String((await once(child.stdout, 'data'))[0]))
    const body = JSON.stringify({ type: 'export.completed', timestamp: new Date().toISOString(), data: { id: 'one' } })
    const timestamp = String(Math.floor(Date.now() / 1000))
    const signature = `v1,${createHmac('sha256', secret).update(`msg_1.${timestamp}.${body}`).digest('base64')}`
    const headers = { 'webhook-id': 'msg_1', 'webhook-timestamp': timestamp, 'webhook-signature': signature }
    const post = async (sent: string) =>
      (await fetch(`http://127.0.0.1:${port}`, { method: 'POST', headers, body: sent })).status
    const said = once(child.stdout, 'data')
    expect(await post(body)).toBe(204)
    expect(String(await said)).toBe('export.completed: one\n')
    expect(await post(body.replace('one', 'two'))).toBe(401)
  } finally {
    child.kill()
    await once(child, 'close')
  }
})
