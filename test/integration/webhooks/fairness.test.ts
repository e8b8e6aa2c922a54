// Webhooks to many hosts that do not answer do not delay the webhooks of other callers.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type ApiClient, createApiClient } from '../../setup/api/api-client.ts'
import { type Receiver, startReceiver } from '../../setup/network/webhook-receiver.ts'
import { startTestSystem, type TestSystem } from '../../setup/system.ts'

const EXPORT = { dataset: 'users', format: 'csv' }
const HOSTS = ['127.0.0.2', '127.0.0.3', '127.0.0.4', '127.0.0.5', '127.0.0.6']

let system: TestSystem
let silent: Receiver[]
let prompt: Receiver
beforeAll(async () => {
  system = await startTestSystem({
    settings: {
      WEBHOOK_CONCURRENCY: '4',
      WEBHOOK_ALLOW_HTTP: 'true',
      WEBHOOK_ALLOWED_NETWORKS: '127.0.0.0/8',
      WEBHOOK_TIMEOUT: '5m',
    },
  })
  silent = await Promise.all(HOSTS.map((host) => startReceiver({ host })))
  for (const receiver of silent) receiver.answer = () => undefined
  prompt = await startReceiver()
})
afterAll(async () => {
  await Promise.all([...silent, prompt].map((receiver) => receiver.close()))
  await system.stop()
})

async function newCaller(name: string): Promise<ApiClient> {
  const { body } = await system.admin.post('/v1/api-keys', { name, role: 'exporter' })
  return createApiClient(system.url, body.key)
}

it('the webhook of another caller arrives while the webhooks of the first hang', async () => {
  const busy = await newCaller('many hosts')
  const hanging = () => silent.reduce((count, { received }) => count + received.length, 0)
  for (const { url } of silent) await busy.export({ ...EXPORT, webhookUrl: url })
  await expect.poll(hanging).toBeGreaterThan(0)
  const other = await newCaller('one host')
  await other.export({ ...EXPORT, webhookUrl: prompt.url })
  await prompt.until(1)
  expect(hanging()).toBe(1)
})
