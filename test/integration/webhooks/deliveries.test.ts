// Deliveries: signed by the Standard Webhooks specification, at least once, under one id, also after the queue lost jobs.
import { createLogger } from '@waybill/shared/process/log.ts'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import { type RunningWorker, startWorker } from '../../../apps/worker/src/worker.ts'
import { type ApiClient, createApiClient, type Json } from '../../setup/api/api-client.ts'
import { withClient } from '../../setup/database.ts'
import { type Received, type Receiver, startReceiver, verified } from '../../setup/network/webhook-receiver.ts'
import { QUEUE_BACKENDS, startTestSystem, type TestSystem } from '../../setup/system.ts'

const REQUEST = { dataset: 'users', format: 'csv' }
const PUBLIC_URL = 'https://exports.example.com/base'

describe.each(QUEUE_BACKENDS)('deliveries, queue on %s', (backend) => {
  let system: TestSystem
  let admin: ApiClient
  let receiver: Receiver
  const workers: RunningWorker[] = []

  beforeAll(async () => {
    const settings = {
      PUBLIC_URL: `${PUBLIC_URL}/`,
      RECONCILE_INTERVAL: '200ms',
      WEBHOOK_ALLOW_HTTP: 'true',
      WEBHOOK_ALLOWED_NETWORKS: '127.0.0.0/8',
    }
    system = await startTestSystem({ queue: backend, worker: false, settings })
    admin = system.admin
    receiver = await startReceiver()
  })
  afterEach(async () => {
    await Promise.all(workers.splice(0).map((worker) => worker.stop(5_000)))
    for (const { id } of (await admin.get('/v1/webhook-endpoints')).body.items) {
      await admin.delete(`/v1/webhook-endpoints/${id}`)
    }
  })
  afterAll(async () => {
    await receiver.close()
    await system.stop()
  })

  const work = () => {
    const log = createLogger('test', 'fatal')
    const worker = startWorker({ config: system.config, datasets: system.datasets, log, ...system.connections })
    workers.push(worker)
    return worker
  }
  /** Each test has a separate path, so that late deliveries of other tests are not counted. */
  let paths = 0
  const register = async (more: Json = {}) => {
    const url = `${receiver.url}${++paths}`
    const { status, body } = await admin.post('/v1/webhook-endpoints', { url, ...more })
    expect(status, JSON.stringify(body)).toBe(201)
    return body
  }
  const at = (url: string): Received[] => receiver.received.filter(({ path }) => path === new URL(url).pathname)
  const arrived = async (url: string, count: number): Promise<Received[]> => {
    await expect.poll(() => at(url).length).toBeGreaterThanOrEqual(count)
    return at(url)
  }
  const ask = async (more: Json = {}): Promise<string> => {
    const { status, body } = await admin.post('/v1/exports', { ...REQUEST, ...more })
    expect(status, JSON.stringify(body)).toBe(202)
    return body.id
  }
  const deliveries = async (id: string): Promise<Json[]> =>
    (await admin.get(`/v1/webhook-endpoints/${id}/deliveries`)).body.items

  it('send a completed export to an endpoint, with the documented body and no signed URL', async () => {
    const endpoint = await register()
    work()
    const done = await admin.ended(await ask())
    const [call] = await arrived(endpoint.url, 1)
    if (call === undefined) throw new Error('nothing came')
    const event = verified(call, endpoint.secret)
    expect(Object.keys(event)).toEqual(['type', 'timestamp', 'data'])
    expect(event).toEqual({
      type: 'export.completed',
      timestamp: done.finishedAt,
      data: {
        ...{ id: done.id, dataset: 'users', format: 'csv', status: 'completed', error: null },
        ...{ rowCount: 0, bytes: done.bytes, sha256: done.sha256 },
        links: {
          self: `${PUBLIC_URL}/v1/exports/${done.id}`,
          download: `${PUBLIC_URL}/v1/exports/${done.id}/download`,
        },
      },
    })
    expect(call.body).not.toMatch(/X-Amz|Signature/)
    expect(call.headers['content-type']).toBe('application/json')
    await expect.poll(async () => (await deliveries(endpoint.id))[0]?.status).toBe('delivered')
    const [delivery] = await deliveries(endpoint.id)
    expect(call.headers['webhook-id']).toBe(delivery.id)
    expect(delivery).toMatchObject({ exportId: done.id, attempts: 1, tries: [{ status: 204, error: null }] })
  })

  it('go to the address of the request, signed with the secret of its caller', async () => {
    const { body: key } = await admin.post('/v1/api-keys', { name: 'webhooks', role: 'exporter' })
    const exporter = createApiClient(system.url, key.key)
    const [own, others] = await Promise.all([exporter, admin].map((who) => who.get('/v1/me/webhook-secret')))
    const url = `${receiver.url}mine-${paths++}`
    const { body } = await exporter.post('/v1/exports', { ...REQUEST, webhookUrl: url })
    work()
    const [call] = await arrived(url, 1)
    if (call === undefined) throw new Error('nothing came')
    expect(verified(call, own?.body.secret).data.id).toBe(body.id)
    expect(() => verified(call, others?.body.secret)).toThrow()
    const seen = (await exporter.get(`/v1/exports/${body.id}/deliveries`)).body.items
    expect(seen).toMatchObject([{ endpointId: null, type: 'export.completed' }])
  })

  it('are retried after 5 s under the same id, with a valid signature', async () => {
    const endpoint = await register()
    receiver.answer = (response, { path }) => {
      const isFirst = path === new URL(endpoint.url).pathname && at(endpoint.url).length === 1
      response.writeHead(isFirst ? 500 : 200).end(isFirst ? 'not now' : 'thanks')
    }
    work()
    await ask()
    const [first, second] = await arrived(endpoint.url, 2)
    if (first === undefined || second === undefined) throw new Error('nothing came')
    expect(second.headers['webhook-id']).toBe(first.headers['webhook-id'])
    expect(second.body).toBe(first.body)
    expect(verified(second, endpoint.secret)).toEqual(verified(first, endpoint.secret))
    const waited = Number(second.headers['webhook-timestamp']) - Number(first.headers['webhook-timestamp'])
    expect(waited).toBeGreaterThanOrEqual(5)
    await expect.poll(async () => (await deliveries(endpoint.id))[0]?.status).toBe('delivered')
    expect((await deliveries(endpoint.id))[0].tries).toMatchObject([
      { status: 500, error: 'answered 500', answer: 'not now' },
      { status: 200, error: null, answer: 'thanks' },
    ])
    expect((await admin.get('/v1/webhook-endpoints')).body.items[0]).toMatchObject({
      failingSince: null,
      enabled: true,
    })
  })

  it('are sent after the queue lost its jobs', async () => {
    const endpoint = await register()
    const id = await ask()
    expect((await admin.post(`/v1/exports/${id}/cancel`, {})).status).toBe(202)
    expect(at(endpoint.url)).toEqual([])
    const prefix = system.config.QUEUE_PREFIX
    if (backend === 'postgres') {
      await withClient(system.database.url, async (client) => {
        const { rows } = await client.query<{ name: string }>(
          `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
           WHERE schemaname = $1 AND tablename NOT LIKE '%migration%'`,
          [`${prefix}_queue`],
        )
        await client.query(`TRUNCATE ${rows.map(({ name }) => name).join(', ')}`)
      })
    } else {
      const client = new Redis(inject('redisUrl'))
      const keys = await client.keys(`${prefix}:webhooks:*`)
      expect(keys.length).toBeGreaterThan(0)
      await client.del(...keys)
      client.disconnect()
    }
    work()
    const [call] = await arrived(endpoint.url, 1)
    if (call === undefined) throw new Error('nothing came')
    expect(verified(call, endpoint.secret)).toMatchObject({ type: 'export.canceled', data: { id, status: 'canceled' } })
  })

  it('are sent once with many workers', async () => {
    const endpoint = await register()
    for (let count = 0; count < 3; count++) work()
    const ids = await Promise.all(Array.from({ length: 10 }, () => ask()))
    await arrived(endpoint.url, ids.length)
    await expect
      .poll(async () => (await deliveries(endpoint.id)).filter(({ status }) => status === 'delivered').length)
      .toBe(ids.length)
    expect(
      at(endpoint.url)
        .map(({ body }) => JSON.parse(body).data.id)
        .sort(),
    ).toEqual(ids.sort())
    expect(new Set(at(endpoint.url).map(({ headers }) => headers['webhook-id'])).size).toBe(ids.length)
  })

  it('are released by a stopping worker without spending an attempt', async () => {
    const endpoint = await register()
    const open: (() => void)[] = []
    receiver.answer = (response) => void open.push(() => response.writeHead(204).end())
    const stopped = work()
    const id = await ask()
    await admin.ended(id)
    await arrived(endpoint.url, 1)
    await stopped.stop(100)
    expect((await deliveries(endpoint.id))[0]).toMatchObject({ status: 'pending', attempts: 0, tries: [] })
    receiver.answer = (response) => void response.writeHead(204).end()
    work()
    const [first, second] = await arrived(endpoint.url, 2)
    expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id'])
    for (const end of open) end()
  })
})
