// Endpoints and secrets over HTTP: registered by admins, shown once, encrypted in the database, recorded in the trail.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ApiClient, createApiClient, type Json } from '../../setup/api/api-client.ts'
import { expectProblem } from '../../setup/api/problem.ts'
import { withClient } from '../../setup/database.ts'
import { startTestSystem, type TestSystem } from '../../setup/system.ts'

const PATH = '/v1/webhook-endpoints'
const URL = 'https://receiver.example/services/planted?token=planted'
const UNKNOWN_ID = '00000000-0000-4000-8000-000000000000'

let system: TestSystem
let admin: ApiClient
let exporter: ApiClient
beforeAll(async () => {
  system = await startTestSystem({ worker: false })
  admin = system.admin
  exporter = createApiClient(system.url, await makeKey('exporter'))
})
afterAll(() => system.stop())

const makeKey = async (name: string): Promise<string> =>
  (await admin.post('/v1/api-keys', { name, role: 'exporter' })).body.key
const register = async (more: Json = {}): Promise<Json> => {
  const { status, body } = await admin.post(PATH, { url: URL, ...more })
  expect(status, JSON.stringify(body)).toBe(201)
  return body
}
const list = async (): Promise<Json[]> => (await admin.get(PATH)).body.items
const find = async (id: string): Promise<Json> => (await list()).find((endpoint) => endpoint.id === id)
const dump = (table: string): Promise<string> =>
  withClient(system.database.url, async (client) => {
    const { rows } = await client.query<{ row: string }>(`SELECT t::text AS row FROM waybill.${table} t`)
    return rows.map(({ row }) => row).join('\n')
  })
const trail = (type: string): Promise<Json[]> =>
  withClient(system.database.url, async (client) => {
    const sql = 'SELECT type, actor, data FROM waybill.audit_events WHERE type LIKE $1 ORDER BY id'
    return (await client.query(sql, [type])).rows
  })

describe('an endpoint', () => {
  it('subscribes to every event by default, and shows its secret once', async () => {
    const { status, headers, body } = await admin.post(PATH, { url: URL, description: ' nightly ' })
    expect(status).toBe(201)
    expect(headers.get('location')).toBe(`${PATH}/${body.id}`)
    expect(body.secret).toMatch(/^whsec_/)
    expect(body).toMatchObject({
      ...{ url: URL, description: 'nightly', enabled: true, disabledReason: null, failingSince: null },
      events: ['export.completed', 'export.failed', 'export.canceled', 'export.expired'],
    })
    expect(await find(body.id)).toEqual({ ...body, secret: undefined })
    expect((await register({ events: ['export.failed'] })).events).toEqual(['export.failed'])
  })

  it('keeps its secret encrypted in the database and out of the list', async () => {
    const { secret } = await register()
    const bytes = secret.slice('whsec_'.length)
    expect(await dump('webhook_endpoints')).not.toContain(bytes)
    expect(await dump('audit_events')).not.toContain(bytes)
    expect(JSON.stringify(await list())).not.toContain(bytes)
  })

  it.each([
    [{}, 'url'],
    [{ url: 7 }, 'url'],
    [{ url: 'http://receiver.example/' }, 'url'],
    [{ url: 'https://127.0.0.1/' }, 'url'],
    [{ url: 'https://[::ffff:7f00:1]/' }, 'url'],
    [{ url: URL, events: [] }, 'events'],
    [{ url: URL, events: ['export.started'] }, 'events[0]'],
    [{ url: URL, events: ['export.failed', 'export.failed'] }, 'events'],
    [{ url: URL, description: 'a\0b' }, 'description'],
    [{ url: URL, secret: 'mine' }, 'secret'],
  ])('is not created from %j: the answer names %s', async (body, path) => {
    const errors = expectProblem(await admin.post(PATH, body), 422, 'VALIDATION_FAILED')
    expect(errors.map((error) => error.split(':')[0])).toEqual([path])
  })

  it('can be changed, disabled and enabled', async () => {
    const { id } = await register()
    const patch = (body: Json) => admin.patch(`${PATH}/${id}`, body)
    expect((await patch({ url: 'https://other.example/', events: ['export.expired'] })).body).toMatchObject({
      ...{ url: 'https://other.example/', events: ['export.expired'], enabled: true },
    })
    expect((await patch({ enabled: false })).body).toMatchObject({ enabled: false, disabledReason: 'admin' })
    expect((await find(id)).disabledAt).not.toBeNull()
    expect((await patch({ enabled: true })).body).toMatchObject({
      enabled: true,
      disabledReason: null,
      disabledAt: null,
    })
    for (const [body, path] of [
      [{}, ''],
      [{ url: 'https://10.0.0.1/' }, 'url'],
      [{ enabled: 'no' }, 'enabled'],
      [{ failingSince: null }, 'failingSince'],
    ] as const) {
      const errors = expectProblem(await patch(body), 422, 'VALIDATION_FAILED')
      expect(errors.map((error) => error.split(':')[0])).toEqual([path])
    }
  })

  it('cancels pending deliveries when it is disabled, and rejects redelivery', async () => {
    const { id } = await register({ events: ['export.canceled'] })
    const { body } = await admin.post('/v1/exports', { dataset: 'users', format: 'csv' })
    await admin.post(`/v1/exports/${body.id}/cancel`, {})
    const deliveries = async () => (await admin.get(`${PATH}/${id}/deliveries`)).body.items
    expect(await deliveries()).toMatchObject([{ status: 'pending', exportId: body.id, type: 'export.canceled' }])
    await admin.patch(`${PATH}/${id}`, { enabled: false })
    const [delivery] = await deliveries()
    expect(delivery).toMatchObject({ status: 'failed', nextAttemptAt: null })
    const again = `/v1/webhook-deliveries/${delivery.id}/redeliver`
    expectProblem(await admin.post(again, {}), 409, 'WEBHOOK_ENDPOINT_DISABLED')
    await admin.patch(`${PATH}/${id}`, { enabled: true })
    expect((await admin.post(again, {})).body).toMatchObject({ id: delivery.id, status: 'pending', attempts: 0 })
  })

  it('is removed with its secret and its deliveries', async () => {
    const { id } = await register()
    const { body: test } = await admin.post(`${PATH}/${id}/test`, {})
    expect((await admin.delete(`${PATH}/${id}`)).status).toBe(204)
    expect(await find(id)).toBeUndefined()
    expect(await dump('webhook_deliveries')).not.toContain(id)
    expectProblem(await admin.post(`/v1/webhook-deliveries/${test.id}/redeliver`, {}), 404, 'NOT_FOUND')
    expectProblem(await admin.get(`${PATH}/${id}/deliveries`), 404, 'NOT_FOUND')
  })

  it('lists each delivery once over all pages', async () => {
    const { id } = await register()
    const made: string[] = []
    for (let count = 0; count < 5; count++) made.push((await admin.post(`${PATH}/${id}/test`, {})).body.id)
    const seen: string[] = []
    for (let cursor: string | null = ''; cursor !== null; ) {
      const query: string = cursor === '' ? '' : `&cursor=${cursor}`
      const { body } = await admin.get(`${PATH}/${id}/deliveries?limit=2${query}`)
      seen.push(...body.items.map((delivery: Json) => delivery.id))
      cursor = body.nextCursor
    }
    expect(seen).toEqual(made.reverse())
  })

  it('answers 404 on every route when it does not exist', async () => {
    const answers = await Promise.all([
      admin.patch(`${PATH}/${UNKNOWN_ID}`, { enabled: true }),
      admin.delete(`${PATH}/${UNKNOWN_ID}`),
      admin.get(`${PATH}/${UNKNOWN_ID}/deliveries`),
      ...['rotate-secret', 'test'].map((what) => admin.post(`${PATH}/${UNKNOWN_ID}/${what}`, {})),
      admin.post(`/v1/webhook-deliveries/${UNKNOWN_ID}/redeliver`, {}),
    ])
    for (const answer of answers) expectProblem(answer, 404, 'NOT_FOUND')
  })
})

describe('authorization', () => {
  it('an exporter cannot see or change endpoints', async () => {
    const { id } = await register()
    const answers = await Promise.all([
      exporter.get(PATH),
      exporter.post(PATH, { url: URL }),
      exporter.patch(`${PATH}/${id}`, { enabled: false }),
      exporter.delete(`${PATH}/${id}`),
      exporter.get(`${PATH}/${id}/deliveries`),
      ...['rotate-secret', 'test'].map((what) => exporter.post(`${PATH}/${id}/${what}`, {})),
    ])
    for (const answer of answers) expectProblem(answer, 403, 'FORBIDDEN')
    expect((await find(id)).enabled).toBe(true)
  })

  it('an exporter can see and repeat deliveries to its own address only', async () => {
    const endpoint = await register()
    const other = createApiClient(system.url, await makeKey('other'))
    const { body } = await exporter.post('/v1/exports', { dataset: 'users', format: 'csv', webhookUrl: URL })
    await exporter.post(`/v1/exports/${body.id}/cancel`, {})
    const seen = (await exporter.get(`/v1/exports/${body.id}/deliveries`)).body.items
    expect(seen.map((delivery: Json) => delivery.endpointId)).toEqual([null])
    const all: Json[] = (await admin.get(`/v1/exports/${body.id}/deliveries`)).body.items
    const toEndpoint = all.find(({ endpointId }) => endpointId === endpoint.id)
    const redeliver = (who: ApiClient, id: string) => who.post(`/v1/webhook-deliveries/${id}/redeliver`, {})
    expect((await redeliver(exporter, seen[0].id)).status).toBe(202)
    expectProblem(await redeliver(exporter, toEndpoint.id), 404, 'NOT_FOUND')
    expectProblem(await redeliver(other, seen[0].id), 404, 'NOT_FOUND')
    expectProblem(await other.get(`/v1/exports/${body.id}/deliveries`), 404, 'NOT_FOUND')
    expect((await redeliver(admin, toEndpoint.id)).status).toBe(202)

    const path = (delivery: Json) => `/v1/webhook-deliveries/${delivery.id}/tries`
    expect((await exporter.get(path(seen[0]))).body).toEqual({ items: [], nextCursor: null })
    expectProblem(await exporter.get(path(toEndpoint)), 404, 'NOT_FOUND')
    expectProblem(await other.get(path(seen[0])), 404, 'NOT_FOUND')
  })

  it('hold the last 20 attempts and their number; all of them are in a list with pages', async () => {
    const { id } = await register()
    const { body: test } = await admin.post(`${PATH}/${id}/test`, {})
    expect(test).toMatchObject({ tries: [], tryCount: 0 })
    const { body: other } = await admin.post(`${PATH}/${id}/test`, {})
    const add = (delivery: string, count: number) =>
      withClient(system.database.url, (client) =>
        client.query(`INSERT INTO waybill.webhook_tries (delivery_id, milliseconds, status, answer)
          SELECT '${delivery}', n, 500, 'body of attempt ' || n FROM generate_series(1, ${count}) n`),
      )
    await add(test.id, 57)
    await add(other.id, 2)
    const { items } = (await admin.get(`${PATH}/${id}/deliveries`)).body
    const of = (name: Json) => items.find((delivery: Json) => delivery.id === name.id)
    expect(of(test).tryCount).toBe(57)
    const numbers = (tries: Json[]) => tries.map(({ milliseconds }) => milliseconds)
    expect(numbers(of(test).tries)).toEqual(Array.from({ length: 20 }, (_, index) => 38 + index))
    expect(of(other)).toMatchObject({ tryCount: 2, tries: [{ milliseconds: 1 }, { milliseconds: 2 }] })

    const all: number[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const url = `/v1/webhook-deliveries/${test.id}/tries?limit=25${cursor && `&cursor=${cursor}`}`
      const { body }: { body: Json } = await admin.get(url)
      expect(body.items[0].answer).toMatch(/^body of attempt/)
      all.push(...numbers(body.items))
      cursor = body.nextCursor
    }
    expect(all).toEqual(Array.from({ length: 57 }, (_, index) => 57 - index))
  })
})

describe('the webhook secret of a caller', () => {
  it('is stable, differs between callers, and is encrypted in the database', async () => {
    const looks = await Promise.all(Array.from({ length: 8 }, () => exporter.get('/v1/me/webhook-secret')))
    const secrets = new Set(looks.map(({ body }) => body.secret))
    expect(secrets.size).toBe(1)
    const [secret = ''] = secrets
    expect((await admin.get('/v1/me/webhook-secret')).body.secret).not.toBe(secret)
    expect(await dump('webhook_secrets')).not.toContain(secret.slice('whsec_'.length))
  })

  it('can be rotated, and the previous one still signs for a day', async () => {
    const { body: before } = await exporter.get('/v1/me/webhook-secret')
    const { status, body } = await exporter.post('/v1/me/webhook-secret/rotate', {})
    expect(status).toBe(200)
    expect(body.secret).not.toBe(before.secret)
    const left = Date.parse(body.previousSecretExpiresAt) - Date.now()
    expect(Math.abs(left - 24 * 3_600_000)).toBeLessThan(60_000)
    expect((await exporter.get('/v1/me/webhook-secret')).body).toEqual(body)
  })
})

it('every change is in the trail with its actor, without secrets, and with the origin of URLs only', async () => {
  const { id } = await register()
  await admin.patch(`${PATH}/${id}`, { enabled: true, url: URL })
  await admin.post(`${PATH}/${id}/rotate-secret`, {})
  const { body: test } = await admin.post(`${PATH}/${id}/test`, {})
  await admin.post(`/v1/webhook-deliveries/${test.id}/redeliver`, {})
  await admin.delete(`${PATH}/${id}`)
  // Looking at a secret writes nothing, its creation does.
  const newcomer = createApiClient(system.url, await makeKey('newcomer'))
  for (let i = 0; i < 3; i++) expect((await newcomer.get('/v1/me/webhook-secret')).status).toBe(200)
  await newcomer.post('/v1/me/webhook-secret/rotate', {})
  const about = (await trail('webhook-%')).filter(({ type, data }) => data.endpointId === id || /secret\./.test(type))
  const types = about.map(({ type }) => type).slice(-8)
  expect(types).toEqual([
    'webhook-endpoint.created',
    'webhook-endpoint.changed',
    'webhook-endpoint.secret-rotated',
    'webhook-endpoint.tested',
    'webhook-delivery.redelivered',
    'webhook-endpoint.deleted',
    'webhook-secret.created',
    'webhook-secret.rotated',
  ])
  expect(about.at(-8)).toMatchObject({ actor: 'bootstrap', data: { origin: 'https://receiver.example' } })
  expect(await dump('audit_events')).not.toMatch(/planted|whsec_/)
})

it('the service starts without an encryption key, and reports that it is missing', async () => {
  const bare = await startTestSystem({ worker: false, settings: { WEBHOOK_SECRET_KEYS: '' } })
  try {
    const { admin: caller } = bare
    expectProblem(await caller.post(PATH, { url: URL }), 503, 'WEBHOOKS_NOT_CONFIGURED')
    expectProblem(await caller.get('/v1/me/webhook-secret'), 503, 'WEBHOOKS_NOT_CONFIGURED')
    const request = { dataset: 'users', format: 'csv' }
    const refused = await caller.post('/v1/exports', { ...request, webhookUrl: URL })
    expectProblem(refused, 503, 'WEBHOOKS_NOT_CONFIGURED')
    expect(refused.body.detail).toContain('WEBHOOK_SECRET_KEYS')
    expect((await caller.post('/v1/exports', request)).status).toBe(202)
  } finally {
    await bare.stop()
  }
})
