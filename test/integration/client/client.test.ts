// The typed client against the running API: each call takes effect once, and errors are reported.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { loadSample } from '../../../apps/standalone/src/sample.ts'
import { createClient, type WaybillClient, WaybillError } from '../../../packages/client/src/index.ts'
import { withClient } from '../../setup/database.ts'
import { type HttpFaultProxy, type SeenRequest, startHttpFaultProxy } from '../../setup/network/http-fault-proxy.ts'
import { ADMIN_KEY, startTestSystem, type TestSystem } from '../../setup/system.ts'

/** The number of users that `loadSample` creates with 1,000 points. */
const USERS = 110
const REQUEST = { dataset: 'users', format: 'csv' } as const

/** Matches a WaybillError with this code. */
const failure = (code: string) => expect.objectContaining({ name: 'WaybillError', code })

let system: TestSystem
let proxy: HttpFaultProxy
let waybill: WaybillClient

beforeAll(async () => {
  system = await startTestSystem()
  await loadSample(system.database.url, { rows: 1_000 })
  proxy = await startHttpFaultProxy(system.url)
  waybill = createClient({ url: proxy.endpoint, key: ADMIN_KEY })
})
afterEach(() => proxy.restore())
afterAll(async () => {
  await proxy.close()
  await system.stop()
})

const isCreate = ({ method, path }: SeenRequest) => method === 'POST' && path === '/v1/exports'
const callsTo = (match: (request: SeenRequest) => boolean) => proxy.requests.filter(match).length

async function exportIds(): Promise<string[]> {
  const ids: string[] = []
  for await (const { id } of waybill.exports.list()) ids.push(id)
  return ids
}

describe('requesting an export', () => {
  it.each([
    ['is lost', { kind: 'reset' }],
    ['is executed, but its response is lost', { kind: 'lose-answer' }],
    ['is refused with 503', { kind: 'answer', status: 503, body: 'x' }],
    ['is refused with 429', { kind: 'answer', status: 429, body: 'x', headers: { 'Retry-After': '0' } }],
  ] as const)('creates exactly one export when the request %s', async (_what, fault) => {
    const before = await exportIds()
    const callsBefore = callsTo(isCreate)
    proxy.fail(isCreate, fault, { times: 2 })
    const { id } = await waybill.exports.create(REQUEST)
    expect(callsTo(isCreate) - callsBefore).toBe(3)
    expect(await exportIds()).toEqual([id, ...before])
  })

  it('reports the invalid fields and does not retry', async () => {
    const callsBefore = callsTo(isCreate)
    const wrong = waybill.exports.create({
      dataset: 'users',
      format: 'csv',
      filters: { colour: 'red' },
      columns: ['no'],
    })
    const error = await wrong.catch((reason: unknown) => reason as WaybillError)
    expect(error).toBeInstanceOf(WaybillError)
    expect(error).toMatchObject({
      code: 'VALIDATION_FAILED',
      status: 422,
      errors: [{ path: 'filters.colour' }, { path: 'columns[0]' }],
      problem: { type: 'urn:waybill:error:VALIDATION_FAILED', instance: '/v1/exports' },
    })
    expect(error).toHaveProperty('message', expect.stringMatching(/filters\.colour .*users/))
    expect(callsTo(isCreate) - callsBefore).toBe(1)
  })

  it('returns the same export for the same idempotency key', async () => {
    const first = await waybill.exports.create(REQUEST, { idempotencyKey: 'monday' })
    expect(await waybill.exports.create(REQUEST, { idempotencyKey: 'monday' })).toMatchObject({ id: first.id })
    await expect(waybill.exports.create({ ...REQUEST, limit: 1 }, { idempotencyKey: 'monday' })).rejects.toEqual(
      failure('IDEMPOTENCY_KEY_REUSED'),
    )
  })
})

describe('waiting', () => {
  it('reports each change, polls with the ETag, and returns the export with its link', async () => {
    const states: string[] = []
    const { id } = await waybill.exports.create(REQUEST)
    const done = await waybill.exports.wait(id, { onProgress: ({ status }) => states.push(status) })
    expect(done).toMatchObject({ id, status: 'completed', rowCount: USERS, download: { url: expect.any(String) } })
    expect(states.at(-1)).toBe('completed')
    expect(await (await fetch(String(done.download?.url))).bytes()).toHaveLength(Number(done.bytes))
  })

  it('throws with the code of a failed export', async () => {
    await withClient(system.database.url, (client) => client.query('ALTER TABLE wallettransactions RENAME TO missing'))
    const { id } = await waybill.exports.create({ dataset: 'wallet-transactions', format: 'csv' })
    await expect(waybill.exports.wait(id)).rejects.toMatchObject({
      code: 'SOURCE_TABLE_MISSING',
      message: expect.stringMatching(/\S/),
      export: { id, status: 'failed' },
    })
  })
})

describe('while the export is queued', () => {
  let idle: TestSystem
  beforeAll(async () => {
    idle = await startTestSystem({ worker: false })
  })
  afterAll(() => idle.stop())

  it('polls no sooner than Retry-After, treats 304 as unchanged, and throws when the export is canceled', async () => {
    const requests: { at: number; etag: string | null; status: number }[] = []
    const client = createClient({
      url: idle.url,
      key: ADMIN_KEY,
      async fetch(input, init) {
        const at = performance.now()
        const response = await fetch(input, init)
        if (init?.method === 'GET') {
          requests.push({ at, etag: new Headers(init.headers).get('if-none-match'), status: response.status })
        }
        return response
      },
    })
    const { id } = await client.exports.create(REQUEST)
    const ended = client.exports.wait(id)
    ended.catch(() => undefined) // checked below
    await expect.poll(() => requests.some(({ status }) => status === 304)).toBe(true)
    await idle.admin.post(`/v1/exports/${id}/cancel`, {})
    await expect(ended).rejects.toMatchObject({ code: 'EXPORT_CANCELED', export: { id, status: 'canceled' } })
    const [first, second] = requests
    expect([first?.status, first?.etag]).toEqual([200, null])
    expect([second?.status, second?.etag]).toEqual([304, expect.stringMatching(/^W\//)])
    expect(Number(second?.at) - Number(first?.at)).toBeGreaterThanOrEqual(990) // Retry-After is 1 s; timers round
  })

  it("rejects at once with the caller's reason when the caller aborts", async () => {
    const client = createClient({ url: idle.url, key: ADMIN_KEY })
    const { id } = await client.exports.create(REQUEST)
    const enough = new AbortController()
    const reason = new Error('enough')
    const onProgress = () => enough.abort(reason)
    await expect(client.exports.wait(id, { signal: enough.signal, onProgress })).rejects.toBe(reason)
    await expect(client.exports.get(id, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })

  it('accepts an export that is already canceled when the first response was lost', async () => {
    const lossy = await startHttpFaultProxy(idle.url)
    try {
      lossy.fail(({ path }) => path.endsWith('/cancel'), { kind: 'lose-answer' }, { times: 1 })
      const client = createClient({ url: lossy.endpoint, key: ADMIN_KEY })
      const { id } = await client.exports.create(REQUEST)
      expect(await client.exports.cancel(id)).toMatchObject({ id, status: 'canceled' })
    } finally {
      await lossy.close()
    }
  })

  it('lists all exports, newest first, and requests only the pages that are read', async () => {
    let pages = 0
    const client = createClient({
      url: idle.url,
      key: ADMIN_KEY,
      fetch: (...args) => {
        pages += 1
        return fetch(...args)
      },
    })
    const made: string[] = []
    for (let i = 0; i < 5; i += 1) made.unshift((await client.exports.create({ ...REQUEST, format: 'json' })).id)
    const found: string[] = []
    pages = 0
    for await (const { id } of client.exports.list({ limit: 2, status: 'queued' })) {
      found.push(id)
      if (found.length === 5) break
    }
    expect(found).toEqual(made)
    expect(pages).toBe(3)
  })
})

describe('other resources', () => {
  it('reads datasets, the caller, keys, and the manifest and events of an export', async () => {
    expect((await waybill.datasets.list()).map(({ name }) => name)).toContain('user-points')
    expect(await waybill.me.get()).toMatchObject({ role: 'admin', limits: { maxRows: expect.any(Number) } })
    const { id } = await waybill.exports.create(REQUEST)
    await waybill.exports.wait(id)
    expect(await waybill.exports.manifest(id)).toMatchObject({ exportId: id, rowCount: USERS })
    const events = await waybill.exports.events(id)
    expect(events.map(({ type }) => type)).toContain('export.completed')
    const paged: number[] = []
    for await (const event of waybill.exports.eachEvent(id, { limit: 2 })) paged.push(event.id)
    expect(paged).toEqual(events.map((event) => event.id))
    expect((await waybill.exports.eventsPage(id, { limit: 2 })).nextCursor).toBe(String(paged[1]))
    expect(await waybill.exports.preview(REQUEST)).toMatchObject({ dataset: 'users', rows: expect.any(Array) })
    expect(await waybill.exports.history({ limit: 1 })).toMatchObject([{ id, status: 'completed' }])
    await waybill.exports.remove(id)
    expect(await waybill.exports.get(id)).toMatchObject({ status: 'expired' })
    await expect(waybill.exports.wait(id)).rejects.toEqual(failure('EXPORT_EXPIRED'))
  })

  it('does not repeat the creation of a key after a lost response', async () => {
    const isNewKey = ({ method, path }: SeenRequest) => method === 'POST' && path === '/v1/api-keys'
    const rule = proxy.fail(isNewKey, { kind: 'lose-answer' })
    await expect(waybill.keys.create({ name: 'lost', role: 'exporter' })).rejects.toEqual(failure('NETWORK'))
    expect(rule.hits).toBe(1)
    proxy.restore()
    const [lost, ...others] = (await waybill.keys.list()).filter(({ name }) => name === 'lost')
    expect(others).toEqual([])
    await waybill.keys.revoke(String(lost?.id))
    const made = await waybill.keys.create({ name: 'mine', role: 'exporter', datasets: ['users'] })
    const exporter = createClient({ url: system.url, key: () => made.key })
    expect(await exporter.me.get()).toMatchObject({ role: 'exporter', datasets: ['users'] })
    await expect(exporter.keys.list()).rejects.toEqual(failure('FORBIDDEN'))
  })
})

describe('without a valid response', () => {
  it('reports that the server cannot be reached', async () => {
    const gone = await startHttpFaultProxy(system.url)
    await gone.close()
    const unreachable = createClient({ url: gone.endpoint, retries: 0 })
    await expect(unreachable.me.get()).rejects.toMatchObject({
      code: 'NETWORK',
      message: expect.stringMatching(/ECONNREFUSED/),
    })
  })

  it('reports a server that does not answer in time as unreachable', async () => {
    proxy.fail(({ path }) => path === '/v1/me', { kind: 'hang' })
    const shortTimeout = createClient({ url: proxy.endpoint, key: ADMIN_KEY, retries: 0, timeout: 200 })
    await expect(shortTimeout.me.get()).rejects.toMatchObject({
      code: 'NETWORK',
      message: expect.stringMatching(/in time/),
    })
  })

  it.each([
    [200, '<h1>Welcome</h1>'],
    [404, '<h1>Not here</h1>'],
  ])('rejects a page with status %d as an answer', async (status, body) => {
    proxy.fail(({ path }) => path === '/v1/me', { kind: 'answer', status, body })
    await expect(waybill.me.get()).rejects.toMatchObject({ code: 'UNEXPECTED_ANSWER', status })
  })

  it('reports an invalid key without printing it', async () => {
    const rejected = createClient({ url: system.url, key: 'wb_not-a-key' })
    const error = await rejected.me.get().catch((reason: unknown) => reason as WaybillError)
    expect(error).toEqual(failure('UNAUTHENTICATED'))
    expect(JSON.stringify(error)).not.toContain('wb_not-a-key')
  })

  it.each(['localhost:8080', 'ftp://example.com', ''])('rejects the address %j at once', (url) => {
    expect(() => createClient({ url })).toThrow(TypeError)
  })
})
