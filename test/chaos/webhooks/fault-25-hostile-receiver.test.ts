// Fault 25: receivers that hang, send slowly, never end, reset, or send invalid HTTP. Exports are not affected.
import type { ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import type { Json } from '../../setup/api/api-client.ts'
import { type Receiver, startReceiver } from '../../setup/network/webhook-receiver.ts'
import { QUEUE_BACKENDS } from '../../setup/system.ts'
import { SHORT_LOCK, startChaos } from '../setup/chaos.ts'
import type { LocalApi } from '../setup/deployment.ts'
import { until } from '../setup/until.ts'

const LOCAL = { WEBHOOK_ALLOW_HTTP: 'true', WEBHOOK_ALLOWED_NETWORKS: '127.0.0.0/8' }

/** More than the worker reads of a response and the buffers of the kernel hold. */
const ENDLESS_BYTES = 32 * 1024 ** 2

describe('fault 25', () => {
  it('limits the time and the size of the response of a hostile receiver, and delays no export', async (test) => {
    const receiver = await startReceiver()
    let written = 0
    receiver.answer = (response, { path }) => {
      const answers: Readonly<Record<string, () => unknown>> = {
        '/silent': () => undefined,
        '/drip': () => drip(response.writeHead(500)),
        '/drip-good': () => drip(response.writeHead(200)),
        '/endless': () => pour(response.writeHead(500), (bytes) => (written = bytes)),
        '/headers': () => response.writeHead(200, { 'X-Long': 'x'.repeat(100_000) }).end(),
        '/reset': () => response.socket?.resetAndDestroy(),
        '/half': () => response.writeHead(200, { 'Content-Length': 100 }).write('half', () => response.destroy()),
        '/garbage': () => response.socket?.end('I speak no HTTP\r\n\r\n'),
        '/bomb': () => response.writeHead(500, { 'Content-Encoding': 'gzip' }).end(gzipSync(Buffer.alloc(50_000_000))),
        '/nul': () => response.writeHead(500).end('a\0b\ud800'),
        '/gone': () => response.writeHead(410).end(),
        '/later': () => response.writeHead(429, { 'Retry-After': '120' }).end('slow down'),
        '/good': () => response.writeHead(202).end(),
      }
      answers[path]?.()
    }
    const chaos = await startChaos(test, { queue: 'postgres', settings: { ...LOCAL, WEBHOOK_TIMEOUT: '10s' } })
    chaos.defer(() => receiver.close())
    const [api, worker] = await Promise.all([chaos.startLocalApi(), chaos.startWorker()])
    const endpoints = new Map<string, Json>()
    for (const path of [
      ...['silent', 'drip', 'drip-good', 'endless', 'headers', 'reset', 'half', 'garbage', 'bomb', 'nul', 'gone'],
      ...['later', 'good'],
    ]) {
      endpoints.set(path, await register(api, `${receiver.url}${path}`))
    }
    const id = await api.ask()
    await chaos.becomes(id, 'completed')
    const first = async (path: string) => (await firstTry(api, endpoints.get(path))).tries[0]
    const error = (text: string) => expect.stringContaining(text)
    expect(await first('silent')).toMatchObject({ status: null, error: error('no answer within 10000 ms') })
    expect(await first('drip')).toMatchObject({ status: 500, error: 'answered 500' })
    expect(await first('drip-good'), 'the status is the answer').toMatchObject({ status: 200, error: null })
    const endless = await first('endless')
    expect(endless).toMatchObject({ status: 500, error: 'answered 500' })
    expect(Buffer.byteLength(endless.answer)).toBe(2_048)
    expect(written).toBeLessThan(ENDLESS_BYTES)
    expect(await first('headers')).toMatchObject({ status: null, error: error('no HTTP (HPE_HEADER_OVERFLOW)') })
    expect(await first('reset')).toMatchObject({ status: null, error: error('connection failed (ECONNRESET)') })
    expect(await first('half')).toMatchObject({ status: 200, error: null, answer: 'half' })
    expect(await first('garbage')).toMatchObject({ status: null, error: error('no HTTP') })
    const bomb = await first('bomb')
    expect(bomb).toMatchObject({ status: 500 })
    expect(bomb.answer.length).toBeLessThanOrEqual(2_048)
    expect((await first('nul')).answer).toBe('a\ufffdb\ufffd')
    expect(await first('good')).toMatchObject({ status: 202 })

    const gone = await firstTry(api, endpoints.get('gone'))
    expect(gone).toMatchObject({ status: 'failed', nextAttemptAt: null, tries: [{ status: 410 }] })
    await until('an endpoint that is gone is disabled', async () => {
      const { items } = (await api.admin.get('/v1/webhook-endpoints')).body
      const endpoint = items.find(({ id: own }: Json) => own === endpoints.get('gone').id)
      return endpoint.enabled === false && endpoint.disabledReason === 'gone'
    })
    const later = await firstTry(api, endpoints.get('later'))
    expect(Date.parse(later.nextAttemptAt) - Date.parse(later.tries[0].at)).toBeGreaterThanOrEqual(120_000)

    expect(await chaos.story(id)).toEqual(['requested', 'started', 'completed'])
    await chaos.holds([id])
    expect(worker.exit()).toBeUndefined()
    expect(worker.output()).toMatch(/a webhook endpoint was disabled/)
  })

  it('a receiver that does not answer does not delay the deliveries to others', async (test) => {
    const [dead, living] = await Promise.all([startReceiver(), startReceiver()])
    dead.answer = () => undefined
    const settings = { ...LOCAL, WEBHOOK_TIMEOUT: '60s', WEBHOOK_CONCURRENCY: '5' }
    const chaos = await startChaos(test, { queue: 'redis', settings })
    chaos.defer(() => Promise.all([dead.close(), living.close()]))
    const [api] = await Promise.all([chaos.startLocalApi(), chaos.startWorker()])
    for (const receiver of [dead, living]) await register(api, receiver.url)
    const ids = await Promise.all(Array.from({ length: 15 }, () => api.ask()))
    await Promise.all(ids.map((id) => chaos.becomes(id, 'completed')))
    await living.until(ids.length)
    expect(told(living)).toEqual([...ids].sort())
    expect(dead.received.length).toBeLessThanOrEqual(3)
    await chaos.holds(ids)
  })
})

describe.concurrent.each(QUEUE_BACKENDS)('a delivery, queue on %s', (queue) => {
  it('is sent again under the same id when the worker dies before it records the attempt', async (test) => {
    const receiver = await startReceiver()
    const settings = { ...LOCAL, ...SHORT_LOCK, WEBHOOK_TIMEOUT: '1s' }
    const chaos = await startChaos(test, { queue, settings })
    chaos.defer(() => receiver.close())
    const [api, victim] = await Promise.all([chaos.startLocalApi(), chaos.startWorker()])
    const endpoint = await register(api, receiver.url)
    // The receiver answers after the death of the worker, so the delivery has arrived, but is not recorded.
    receiver.answer = (response) => {
      victim.signal('SIGKILL')
      void victim.ended.then(() => response.writeHead(204).end())
    }
    const id = await api.ask()
    await receiver.until(1)
    await victim.ended
    receiver.answer = (response) => void response.writeHead(204).end()
    await chaos.startWorker()
    const [before, again] = await receiver.until(2)
    expect(again?.headers['webhook-id']).toBe(before?.headers['webhook-id'])
    expect(again?.body).toBe(before?.body)
    await until('it is delivered', async () => (await firstTry(api, endpoint)).status === 'delivered')
    expect(receiver.received).toHaveLength(2)
    await chaos.holds([id])
  })
})

async function register(api: LocalApi, url: string): Promise<Json> {
  const { status, body } = await api.admin.post('/v1/webhook-endpoints', { url })
  expect([status, url]).toEqual([201, url])
  return body
}

/** Waits for the first attempt of the only delivery. */
async function firstTry(api: LocalApi, endpoint: Json): Promise<Json> {
  return until(`${endpoint.url} was tried`, async () => {
    const { items } = (await api.admin.get(`/v1/webhook-endpoints/${endpoint.id}/deliveries`)).body
    return items[0]?.tries.length >= 1 && items[0]
  })
}

function told(receiver: Receiver): string[] {
  return receiver.received.map(({ body }) => JSON.parse(body).data.id).sort()
}

/** Sends single bytes slowly, without end. */
function drip(response: ServerResponse): void {
  const timer = setInterval(() => response.write('.'), 50)
  response.on('close', () => clearInterval(timer))
}

/** Sends as fast as the client reads, without end. */
function pour(response: ServerResponse, tell: (bytes: number) => void): void {
  const chunk = 'x'.repeat(65_536)
  let bytes = 0
  const more = () => {
    while (!response.destroyed && bytes < 2 * ENDLESS_BYTES) {
      bytes += chunk.length
      tell(bytes)
      if (!response.write(chunk)) return void response.once('drain', more)
    }
  }
  more()
}
