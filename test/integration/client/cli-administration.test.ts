// Webhooks, keys and the audit trail from the command line, against the running API and a real receiver.
import { parse } from 'csv-parse/sync'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { loadSample } from '../../../apps/standalone/src/sample.ts'
import { verifyWebhook } from '../../../packages/client/src/index.ts'
import { type Cli, createCli } from '../../setup/cli.ts'
import { type Receiver, startReceiver } from '../../setup/network/webhook-receiver.ts'
import { ADMIN_KEY, startTestSystem, type TestSystem } from '../../setup/system.ts'

let system: TestSystem
let receiver: Receiver
let cli: Cli

beforeAll(async () => {
  receiver = await startReceiver()
  system = await startTestSystem({
    settings: { WEBHOOK_ALLOW_HTTP: 'true', WEBHOOK_ALLOWED_NETWORKS: '127.0.0.0/8' },
  })
  await loadSample(system.database.url, { rows: 1_000 })
  cli = await createCli({ WAYBILL_URL: system.url, WAYBILL_API_KEY: ADMIN_KEY })
})
afterAll(async () => {
  await cli.close()
  await system.stop()
  await receiver.close()
})

/** Expects exit code 0. @returns the standard output */
async function run(...words: string[]): Promise<string> {
  const { code, out, err } = await cli.run(words)
  expect([code, err]).toEqual([0, expect.any(String)])
  return out.trim()
}

it('an endpoint is created, tested, listed, changed, disabled and deleted; its webhooks are signed', async () => {
  const made = JSON.parse(await run('webhooks', 'create', receiver.url, '--events', 'export.completed', '--json'))
  await run('webhooks', 'test', made.id)
  const [test] = await receiver.until(1)
  expect(await verifyWebhook(test?.body ?? '', test?.headers ?? {}, made.secret)).toMatchObject({
    type: 'webhook.test',
  })

  await run('export', 'users', '-o', 'users.csv')
  const [, completed] = await receiver.until(2)
  expect(await verifyWebhook(completed?.body ?? '', completed?.headers ?? {}, made.secret)).toMatchObject({
    type: 'export.completed',
    data: { dataset: 'users', status: 'completed' },
  })

  await expect
    .poll(async () => JSON.parse(await run('webhooks', 'deliveries', made.id, '--json')))
    .toMatchObject([
      { type: 'export.completed', status: 'delivered', tries: [{ status: 204 }] },
      { type: 'webhook.test', status: 'delivered' },
    ])
  const [{ id }] = JSON.parse(await run('webhooks', 'deliveries', made.id, '--limit', '1', '--json'))
  await run('webhooks', 'redeliver', id)
  const [, , again] = await receiver.until(3)
  expect(again?.headers['webhook-id']).toBe(id)

  const rotated = await run('webhooks', 'rotate-secret', made.id)
  expect(rotated).toMatch(/^whsec_/)
  expect(rotated).not.toBe(made.secret)
  const elsewhere = `${receiver.url}elsewhere`
  await run('webhooks', 'change', made.id, '--address', elsewhere, '--events', 'export.failed', '--description', 'mine')
  expect(JSON.parse(await run('webhooks', '--json'))).toMatchObject([
    { id: made.id, url: elsewhere, events: ['export.failed'], description: 'mine', enabled: true },
  ])
  expect((await cli.run(['webhooks', 'change', made.id])).code).toBe(2)
  await run('webhooks', 'disable', made.id)
  expect(await run('webhooks')).toMatch(new RegExp(`^${made.id} +disabled \\(admin\\) +http`, 'm'))
  await run('webhooks', 'enable', made.id)
  await run('webhooks', 'remove', made.id)
  expect(JSON.parse(await run('webhooks', '--json'))).toEqual([])
})

it('the webhook URL of an export gets events signed with the secret of the caller', async () => {
  const before = receiver.received.length
  const secret = await run('webhooks', 'secret')
  const id = await run('export', 'users', '--detach', '--webhook-url', receiver.url)
  const told = (await receiver.until(before + 1)).at(-1)
  expect(await verifyWebhook(told?.body ?? '', told?.headers ?? {}, secret)).toMatchObject({ data: { id } })
})

it('keys change: omitted flags are unchanged', async () => {
  const { id, key } = JSON.parse(await run('keys', 'create', 'narrowed', '--datasets', 'users', '--json'))
  const as = (...words: string[]) => cli.run(words, { env: { WAYBILL_API_KEY: key } })
  expect((await as('preview', 'user-points')).code).toBe(2)
  const changed = await run('keys', 'change', id, '--datasets', 'all', '--name', 'widened', '--expires', '30d')
  expect(changed).toMatch(/^Key "widened" is now: exporter, all datasets, until /)
  expect((await as('preview', 'user-points')).code).toBe(0)
  const stays = JSON.parse(await run('keys', 'change', id, '--expires', 'never', '--json'))
  expect(stays).toMatchObject({ id, name: 'widened', role: 'exporter', datasets: [], expiresAt: null })
  expect((await cli.run(['keys', 'change', id])).code).toBe(2)
})

it('a key is rotated, and the audit trail lists it as text, JSON and CSV', async () => {
  const { id, key } = JSON.parse(await run('keys', 'create', 'nightly', '--json'))
  const next = await run('keys', 'rotate', id)
  const as = (own: string) => cli.run(['me', '--json'], { env: { WAYBILL_API_KEY: own } })
  expect((await as(key)).code).toBe(3)
  expect(JSON.parse((await as(next)).out)).toMatchObject({ id: `key:${id}` })
  const events = JSON.parse(await run('audit', '--from', '1h', '--limit', '500', '--json'))
  const types = events.map(({ type }: { type: string }) => type)
  expect(types).toContain('export.requested')
  expect(events.map(({ id: place }: { id: number }) => place)).toEqual(
    Array.from(events, (_event, index) => events.length - index),
  )
  const [, first = ''] = (await run('audit', '--type', 'export.completed', '-n', '1')).split('\n')
  expect(first).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ {2}export\.completed/)
  const rows: Record<string, string>[] = parse(await run('audit', '--from', '1h', '--limit', '500', '--csv'), {
    columns: true,
  })
  expect(rows.map(({ hash }) => hash)).toEqual(events.map(({ hash }: { hash: string }) => hash))
})
