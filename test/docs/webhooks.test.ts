// Runs the receivers of docs/webhooks.md unchanged, and sends them forged deliveries.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { freePort } from '../../apps/standalone/src/free-port.ts'
import type { Json } from '../setup/api/api-client.ts'
import { startTestSystem, type TestSystem } from '../setup/system.ts'
import { readBlocks } from './blocks.ts'
import { ROOT } from './clone.ts'

const page = readBlocks(await readFile(join(ROOT, 'docs/webhooks.md'), 'utf8'))

/** The receiver in Python is only tested where Python is installed. */
const COMMANDS: readonly (readonly [file: string, command: string])[] = [
  ['receiver.ts', process.execPath],
  ...(spawnSync('python3', ['--version']).status === 0 ? [['receiver.py', 'python3'] as const] : []),
]

let system: TestSystem
let directory: string
beforeAll(async () => {
  const settings = { WEBHOOK_ALLOW_HTTP: 'true', WEBHOOK_ALLOWED_NETWORKS: '127.0.0.1/32' }
  system = await startTestSystem({ settings })
  directory = await mkdtemp(join(tmpdir(), 'waybill-receivers-'))
  // The receiver imports a package.
  await symlink(join(ROOT, 'node_modules'), join(directory, 'node_modules'))
  await writeFile(join(directory, 'package.json'), '{"type":"module"}')
})
afterAll(async () => {
  await system.stop()
  await rm(directory, { recursive: true })
})

describe.each(COMMANDS)('%s', (file, command) => {
  let receiver: ChildProcess
  let output = ''
  let endpoint: Json
  const lines = () => output.split('\n').filter((line) => line !== '' && line !== 'listening')

  beforeAll(async () => {
    const block = page.find((one) => one.file === file)
    if (block === undefined) throw new Error(`docs/webhooks.md has no ${file}`)
    await writeFile(join(directory, file), block.text)
    const port = await freePort(28_000)
    const { status, body } = await system.admin.post('/v1/webhook-endpoints', { url: `http://127.0.0.1:${port}/` })
    expect(status, JSON.stringify(body)).toBe(201)
    endpoint = body
    receiver = spawn(command, [file], {
      cwd: directory,
      env: { PATH: process.env.PATH, PORT: String(port), WEBHOOK_SECRET: endpoint.secret },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    receiver.stdout?.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
    await vi.waitUntil(() => output.includes('listening'), { timeout: 100_000 })
  })
  afterAll(async () => {
    const ended = once(receiver, 'close')
    receiver.kill('SIGKILL')
    await ended
    await system.admin.delete(`/v1/webhook-endpoints/${endpoint.id}`)
  })

  /** Sends a delivery like those of Waybill, with changes. */
  const send = async (change: { secret?: string; id?: string; age?: number; body?: string } = {}): Promise<number> => {
    const { secret = endpoint.secret, id = 'msg_forged', age = 0, body } = change
    const signed = JSON.stringify({ type: 'export.failed', data: { id: 'forged' } })
    const time = new Date(Date.now() - age * 1_000)
    const response = await fetch(endpoint.url, {
      method: 'POST',
      body: body ?? signed,
      headers: {
        'webhook-id': id,
        'webhook-timestamp': String(Math.floor(time.getTime() / 1_000)),
        'webhook-signature': new Webhook(secret).sign(id, time, signed),
      },
    })
    return response.status
  }

  it('processes a delivery once when it is sent twice', async () => {
    const { id } = await system.admin.export({ dataset: 'users', format: 'csv' })
    await expect.poll(lines).toEqual([`export.completed ${id}`])
    const deliveries = async () =>
      (await system.admin.get(`/v1/webhook-endpoints/${endpoint.id}/deliveries`)).body.items
    await expect.poll(async () => (await deliveries())[0].status).toBe('delivered')
    const [{ id: delivery }] = await deliveries()
    expect((await system.admin.post(`/v1/webhook-deliveries/${delivery}/redeliver`, {})).status).toBe(202)
    await expect.poll(async () => (await deliveries())[0].tries.length).toBe(2)
    expect((await deliveries())[0].tries[1].status).toBe(204)
    expect(lines()).toEqual([`export.completed ${id}`])
  })

  it('processes a test event, which has the fields of the others', async () => {
    const { body } = await system.admin.post(`/v1/webhook-endpoints/${endpoint.id}/test`, {})
    await expect.poll(lines).toContain(`webhook.test ${endpoint.id}`)
    const read = async () => (await system.admin.get(`/v1/webhook-endpoints/${endpoint.id}/deliveries`)).body.items
    await expect.poll(async () => (await read()).find(({ id }: Json) => id === body.id).status).toBe('delivered')
  })

  it('rejects deliveries of another sender', async () => {
    const before = lines()
    const secret = `whsec_${Buffer.alloc(32, 'x').toString('base64')}`
    expect(await send({ secret })).toBe(401)
    expect(await send({ body: '{"type":"export.failed","data":{"id":"changed"}}' })).toBe(401)
    expect(await send({ age: 3_600 })).toBe(401)
    expect(await send({ age: -3_600 })).toBe(401)
    expect((await fetch(endpoint.url, { method: 'POST', body: '{}' })).status).toBe(401)
    expect(lines()).toEqual(before)
    expect(await send({ id: 'msg_good' }), 'a valid delivery is accepted').toBe(204)
  })
})
