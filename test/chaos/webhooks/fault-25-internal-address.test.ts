// Fault 25: webhooks to internal addresses: by address, by name, by DNS rebinding, by redirect or through a proxy.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Json } from '../../setup/api/api-client.ts'
import { startDnsServer } from '../../setup/network/dns-server.ts'
import { createSelfSigned } from '../../setup/network/self-signed.ts'
import { startReceiver, verified } from '../../setup/network/webhook-receiver.ts'
import { type Chaos, startChaos } from '../setup/chaos.ts'
import type { Api } from '../setup/deployment.ts'
import { startInside } from '../setup/internal-server.ts'
import { until } from '../setup/until.ts'

/** A network that the settings allow. The loopback address itself stays internal. */
const OUTSIDE = '127.0.0.2'
const INSIDE = '127.0.0.1'

describe('fault 25', () => {
  it('the API rejects internal addresses in every notation', async (test) => {
    const chaos = await startChaos(test, { queue: 'postgres', settings: { WEBHOOK_ALLOW_HTTP: 'true' } })
    const api = await chaos.startApi()
    const hosts = [
      ...['169.254.169.254', '[::1]', '127.0.0.1', '2130706433', '0x7f.1', '0177.0.0.1', '127.1', '127.0.0.1.'],
      ...['[::ffff:127.0.0.1]', '[64:ff9b::7f00:1]', '[2002:7f00:1::]', '[::]', '0', '10.0.0.1', '[fd00::1]'],
      ...['[fe80::1]', '100.64.0.1', '224.0.0.1', '[2001:0:4136:e378:8000:63bf:3fff:fdd2]'],
    ]
    for (const host of hosts) {
      for (const webhookUrl of [`http://${host}/`, `https://${host}/latest/meta-data/`]) {
        const asked = await api.admin.post('/v1/exports', { dataset: 'users', format: 'csv', webhookUrl })
        expect([asked.status, asked.body.errors?.[0]?.path], webhookUrl).toEqual([422, 'webhookUrl'])
        const registered = await api.admin.post('/v1/webhook-endpoints', { url: webhookUrl })
        expect([registered.status, registered.body.errors?.[0]?.path], webhookUrl).toEqual([422, 'url'])
      }
    }
  })

  it('the worker calls no internal address through names, redirects, proxies or the environment, and calls external ones', async (test) => {
    const dns = await startDnsServer()
    const tls = createSelfSigned('receiver.test')
    const directory = await mkdtemp(join(tmpdir(), 'waybill-ca-'))
    await writeFile(join(directory, 'ca.pem'), tls.cert)
    const receiver = await startReceiver({ host: OUTSIDE })
    const secure = await startReceiver({ host: OUTSIDE, tls })
    const strangers = await startReceiver({ host: OUTSIDE, tls: createSelfSigned('receiver.test') })
    const inside = await startInside(INSIDE, receiver.port)
    const proxy = `http://${INSIDE}:${inside.port}`
    const chaos = await startChaos(test, {
      queue: 'redis',
      settings: {
        WEBHOOK_ALLOW_HTTP: 'true',
        WEBHOOK_ALLOWED_NETWORKS: `${OUTSIDE}/32`,
        WEBHOOK_DNS_SERVERS: dns.address,
        WEBHOOK_TIMEOUT: '5s',
      },
    })
    chaos.defer(async () => {
      await Promise.all([dns, receiver, secure, strangers, inside].map((server) => server.close()))
      await rm(directory, { recursive: true })
    })
    const environment = {
      ...{ NODE_USE_ENV_PROXY: '1', HTTP_PROXY: proxy, HTTPS_PROXY: proxy, http_proxy: proxy, https_proxy: proxy },
      ...{ NODE_TLS_REJECT_UNAUTHORIZED: '0', NODE_EXTRA_CA_CERTS: join(directory, 'ca.pem') },
    }
    const [api] = await Promise.all([chaos.startApi(), chaos.startWorker(environment)])

    dns.set('receiver.test', [OUTSIDE])
    dns.set('loopback.test', [INSIDE])
    dns.set('metadata.test', ['169.254.169.254'])
    dns.set('six.test', ['::1'])
    dns.set('mapped.test', ['::ffff:7f00:1'])
    dns.set('nat64.test', ['64:ff9b::7f00:1'])
    dns.set('mixed.test', [OUTSIDE, INSIDE])
    dns.set('mixed-six.test', [OUTSIDE, '::1'])
    // Rebinding: a second query gets another address.
    dns.set('rebind.test', (times) => [times === 0 ? OUTSIDE : INSIDE])
    receiver.answer = (response, { path, headers }) => {
      if (path === '/redirect') response.writeHead(307, { Location: `${proxy}/` }).end()
      else response.writeHead(headers.host?.startsWith('rebind') ? 500 : 200).end('inside is elsewhere')
    }
    const on = (name: string, path = '') => `http://${name}:${receiver.port}/${path}`
    const good = await register(api, on('receiver.test', 'good'))
    const goodTls = await register(api, `https://receiver.test:${secure.port}/`)
    const badTls = await register(api, `https://receiver.test:${strangers.port}/`)
    const redirect = await register(api, on('receiver.test', 'redirect'))
    const rebind = await register(api, on('rebind.test'))
    const names = ['loopback', 'metadata', 'six', 'mapped', 'nat64', 'mixed', 'mixed-six'].map((name) => `${name}.test`)
    const refused = await Promise.all(
      [...names, 'loopback.test.', 'localhost', 'sub.localhost', 'localhost.'].map((name) => register(api, on(name))),
    )

    const id = await api.ask()
    await chaos.becomes(id, 'completed')
    for (const endpoint of refused) {
      const [first] = await triesOf(api, endpoint, 1)
      expect(first, endpoint.url).toMatchObject({ status: null, error: expect.stringContaining('not allowed') })
      expect(first.error).not.toMatch(/\d+\.\d+\.\d+/)
    }
    expect(await triesOf(api, redirect, 1)).toMatchObject([{ status: 307, error: expect.stringContaining('redirect') }])
    expect(await triesOf(api, badTls, 1)).toMatchObject([{ status: null, error: expect.stringContaining('TLS') }])
    expect(strangers.received).toEqual([])
    await triesOf(api, goodTls, 1)
    const [call] = secure.received
    if (call === undefined) throw new Error('nothing came by TLS')
    expect(verified(call, goodTls.secret)).toMatchObject({ type: 'export.completed', data: { id } })
    expect(await triesOf(api, good, 1)).toMatchObject([{ status: 200 }])
    // One query per attempt, and none between the check and the connection.
    expect(await triesOf(api, rebind, 2)).toMatchObject([
      { status: 500 },
      { status: null, error: expect.stringContaining('not allowed') },
    ])
    expect(dns.queryCount('rebind.test')).toBe(2)

    const exporter = api.as((await api.admin.post('/v1/api-keys', { name: 'curious', role: 'exporter' })).body.key)
    const probe = async (name: string): Promise<Json> => {
      const request = { dataset: 'users', format: 'csv', webhookUrl: on(name) }
      const { body } = await exporter.post('/v1/exports', request)
      const first = await until(`${name} was tried`, async () => {
        const { items } = (await exporter.get(`/v1/exports/${body.id}/deliveries`)).body
        return items[0]?.tries[0]
      })
      return { id: body.id, first: { ...first, at: '' } }
    }
    const [known, unknown] = await Promise.all([probe('loopback.test'), probe('unknown.test')])
    expect(known.first.error).toMatch(/may call/)
    expect(unknown.first, 'an exporter cannot find out which names exist').toEqual(known.first)

    expect(inside.knocks()).toBe(0)
    expect(await chaos.story(id)).toEqual(['requested', 'started', 'completed'])
    await chaos.holds([id, known.id, unknown.id])
    expectQuietLogs(chaos)
  })
})

async function register(api: Api, url: string): Promise<Json> {
  const { status, body } = await api.admin.post('/v1/webhook-endpoints', { url })
  expect([status, url]).toEqual([201, url])
  return body
}

/** Waits until the only delivery has this many attempts. */
async function triesOf(api: Api, endpoint: Json, count: number): Promise<Json[]> {
  return until(`${endpoint.url} was tried ${count} times`, async () => {
    const { items } = (await api.admin.get(`/v1/webhook-endpoints/${endpoint.id}/deliveries`)).body
    return items[0]?.tries.length >= count && items[0].tries
  })
}

/** Checks that the log has the number and reason of each attempt, without secret and signature. */
function expectQuietLogs(chaos: Chaos): void {
  const output = chaos.programs().map((program) => program.output())
  expect(output.join('\n')).toMatch(/webhook will be retried/)
  expect(output.join('\n')).not.toMatch(/whsec_|webhook-signature|X-Amz/)
}
