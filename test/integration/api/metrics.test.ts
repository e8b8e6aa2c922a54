// GET /metrics: counts the events of all processes, and omits what is not known.
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { request } from 'node:http'
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import { type ListeningServer, listen } from '../../../apps/api/src/http/listen.ts'
import { createServer } from '../../../apps/api/src/server.ts'
import { tallyTrail } from '../../../packages/shared/src/audit/tally.ts'
import { createLogger } from '../../../packages/shared/src/process/log.ts'
import { connect } from '../../../packages/shared/src/wiring.ts'
import { createApiClient, type Json } from '../../setup/api/api-client.ts'
import { expectProblem } from '../../setup/api/problem.ts'
import { readMetrics, type Samples } from '../../setup/api/prometheus.ts'
import { withClient } from '../../setup/database.ts'
import { endpointOf, startTcpProxy } from '../../setup/network/tcp-proxy.ts'
import { startTestSystem, type TestSystem } from '../../setup/system.ts'

let system: TestSystem
beforeAll(async () => {
  system = await startTestSystem()
  const rows = `INSERT INTO users (id, "externalUserId", created_at)
    SELECT gen_random_uuid(), 'user-' || i, now() FROM generate_series(1, 7) i`
  await withClient(system.database.url, (client) => client.query(rows))
})
afterAll(() => system.stop())

const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

/** Starts another API on the same database, with other settings. @returns its URL */
async function startApi(settings: Readonly<Record<string, string>>): Promise<string> {
  const log = createLogger('test', 'fatal')
  const config = { ...system.config, ...settings }
  const connections = connect(config, 'waybill-test', log)
  ends.push(() => connections.close())
  const server: ListeningServer = await listen(
    createServer({ config, datasets: system.datasets, log, ...connections }),
    config,
  )
  ends.push(() => server.close(1_000))
  return `http://127.0.0.1:${server.port}`
}

/** Waits for the values, because /metrics reuses a reading for a second. */
function becomes(url: string, expected: Samples): Promise<void> {
  return expect.poll(() => readMetrics(url)).toMatchObject(expected)
}

const files = (name: string, dataset: string, format: string) =>
  `waybill_${name}_total{dataset="${dataset}",format="${format}"}`

const made = (part: 'count' | 'sum', dataset: string, format: string) =>
  `waybill_export_duration_seconds_${part}{dataset="${dataset}",format="${format}"}`

it('counts files, rows, bytes, seconds and failures of other processes from the first scrape', async () => {
  await system.admin.export({ dataset: 'users', format: 'json' })
  await becomes(system.url, {
    'waybill_workers{state="alive"}': 1,
    [made('count', 'users', 'csv')]: 0,
    'waybill_events_total{type="export.completed"}': 0,
    'waybill_exports_failed_total{code="SOURCE_TABLE_MISSING"}': 0,
  })
  const [all, some] = await Promise.all([
    system.admin.export({ dataset: 'users', format: 'csv' }),
    system.admin.export({ dataset: 'users', format: 'csv', limit: 3 }),
  ])
  await withClient(system.database.url, (client) => client.query('ALTER TABLE users RENAME TO elsewhere'))
  const failed = await system.admin.export({ dataset: 'users', format: 'csv' })
  await withClient(system.database.url, (client) => client.query('ALTER TABLE elsewhere RENAME TO users'))
  expect(failed.error.code).toBe('SOURCE_TABLE_MISSING')
  await becomes(system.url, {
    [made('count', 'users', 'csv')]: 2,
    [made('count', 'users', 'json')]: 0,
    [files('exported_rows', 'users', 'csv')]: 7 + 3,
    [files('exported_bytes', 'users', 'csv')]: all.bytes + some.bytes,
    'waybill_events_total{type="export.requested"}': 3,
    'waybill_events_total{type="export.completed"}': 2,
    'waybill_events_total{type="export.failed"}': 1,
    'waybill_exports_failed_total{code="SOURCE_TABLE_MISSING"}': 1,
  })
  const seconds = await Promise.all([all, some].map(({ id }) => secondsInTrail(id)))
  const now = await readMetrics(system.url)
  expect(now[made('sum', 'users', 'csv')]).toBeCloseTo((seconds[0] ?? 0) + (seconds[1] ?? 0), 2)
})

/** Seconds from the request to the completed file, by the audit trail. */
async function secondsInTrail(id: string): Promise<number> {
  const { body } = await system.admin.get(`/v1/exports/${id}/events`)
  const at = (type: string) => Date.parse(body.items.find((event: Json) => event.type === type).at)
  return (at('export.completed') - at('export.requested')) / 1_000
}

it('counts each event once when it catches up in steps', async () => {
  for (const format of ['csv', 'json', 'csv']) await system.admin.export({ dataset: 'users', format })
  const { rows: expected } = await withClient(system.database.url, (client) =>
    client.query(
      'SELECT type, count(*)::int AS count, max(max(id)) OVER () AS last FROM waybill.audit_events GROUP BY type',
    ),
  )
  const connections = connect(system.config, 'waybill-test', createLogger('test', 'fatal'))
  ends.push(() => connections.close())
  const counts = new Map<string, number>()
  let [upTo, steps, files] = [0n, 0, 0]
  for (;;) {
    const tally = await tallyTrail(connections.db, upTo, 2n)
    if (tally.upTo === upTo) break
    expect(tally.upTo).toBeLessThanOrEqual(upTo + 2n)
    for (const { type, count } of tally.events) counts.set(type, (counts.get(type) ?? 0) + count)
    files += tally.completed.length
    upTo = tally.upTo
    steps += 1
  }
  expect(upTo).toBe(BigInt(expected[0].last))
  expect(steps).toBe(Math.ceil(Number(upTo) / 2))
  expect(Object.fromEntries(counts)).toEqual(Object.fromEntries(expected.map(({ type, count }) => [type, count])))
  expect(files).toBe(counts.get('export.completed'))
})

it('shows queued exports of ledger and queue, their age, and the workers', async () => {
  const idle = await startTestSystem({ worker: false })
  ends.push(() => idle.stop())
  await becomes(idle.url, {
    'waybill_exports{lane="small",status="queued"}': 0,
    'waybill_exports_oldest_queued_seconds{lane="small"}': 0,
    'waybill_workers{state="alive"}': 0,
    waybill_webhook_deliveries_pending: 0,
  })
  const { body } = await idle.admin.post('/v1/exports', { dataset: 'users', format: 'csv' })
  await withClient(idle.database.url, async (client) => {
    await client.query(`UPDATE waybill.exports SET created_at = now() - interval '1 hour' WHERE id = $1`, [body.id])
    await client.query(`INSERT INTO waybill.workers (id, name, concurrency, running, seen_at)
      VALUES (gen_random_uuid(), 'gone', 2, 1, now() - interval '1 minute')`)
  })
  await becomes(idle.url, {
    'waybill_exports{lane="small",status="queued"}': 1,
    'waybill_exports{lane="small",status="running"}': 0,
    'waybill_exports{lane="large",status="queued"}': 0,
    'waybill_queue_jobs{lane="small",state="waiting"}': 1,
    'waybill_queue_jobs{lane="small",state="active"}': 0,
    'waybill_workers{state="silent"}': 1,
    'waybill_exports_waiting{for="turn"}': 1,
    'waybill_exports_waiting{for="storage"}': 0,
    'waybill_workers_without_dependency{dependency="storage"}': 0,
  })
  const { 'waybill_exports_oldest_queued_seconds{lane="small"}': age } = await readMetrics(idle.url)
  expect(age).toBeGreaterThanOrEqual(3_600)
  expect(age).toBeLessThan(3_700)
  await becomes(system.url, { 'waybill_workers{state="alive"}': 1 })
})

it('measures requests by route, whatever id is in the path', async () => {
  const url = await startApi({})
  const client = createApiClient(url, system.config.BOOTSTRAP_API_KEY)
  const { id } = await system.admin.export({ dataset: 'users', format: 'csv' })
  for (let count = 0; count < 3; count++) await client.get(`/v1/exports/${id}`)
  await client.get('/v1/exports/00000000-0000-7000-8000-000000000000')
  await fetch(`${url}/nowhere/${id}`)
  const { status: statusOfPage } = await fetch(`${url}/exports/${id}`)
  await fetch(`${url}/healthz`, { method: 'PROPFIND' })
  const counted = (route: string, status: number | 'aborted', method = 'GET') =>
    `waybill_http_request_duration_seconds_count{method="${method}",route="${route}",status="${status}"}`
  await becomes(url, {
    [counted('/v1/exports/{id}', 200)]: 3,
    [counted('/v1/exports/{id}', 404)]: 1,
    [counted('/exports/{id}', statusOfPage)]: 1,
    [counted('none', 404)]: 1,
    [counted('/healthz', 405, 'other')]: 1,
  })
  const samples = await readMetrics(url)
  expect(Object.keys(samples).filter((name) => name.includes(id))).toEqual([])
})

it('counts a request whose client disconnected as aborted', async () => {
  const url = await startApi({})
  const asking = request(`${url}/v1/exports`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${system.config.BOOTSTRAP_API_KEY}`,
      expect: '100-continue',
      'content-length': 100,
      'content-type': 'application/json',
    },
  })
  asking.on('error', () => undefined)
  asking.flushHeaders()
  await once(asking, 'continue')
  asking.destroy()
  await expect
    .poll(async () => {
      const samples = Object.entries(await readMetrics(url))
      return samples.filter(([name]) => /^waybill_http_request_duration_seconds_count.*"aborted"/.test(name))
    })
    .toEqual([[expect.stringContaining('method="POST"'), 1]])
})

/** The queue is in the same Postgres. */
const UNKNOWN_WITHOUT_DATABASE =
  /^waybill_(exports|exports_waiting|exports_oldest_queued_seconds|workers|workers_without_dependency|webhook_deliveries_pending|queue_jobs)(\{|$)/

it('omits the jobs while the queue is unavailable, and shows all others', async () => {
  const proxy = await startTcpProxy(endpointOf(inject('redisUrl')))
  ends.push(() => proxy.close())
  const url = await startApi({ REDIS_URL: proxy.through(inject('redisUrl')) })
  const isOfJobs = (name: string) => name.startsWith('waybill_queue_jobs')
  await becomes(url, {
    'waybill_dependency_up{dependency="queue"}': 1,
    'waybill_queue_jobs{lane="large",state="waiting"}': 0,
  })
  expect(Object.keys(await readMetrics(url)).filter(isOfJobs)).toHaveLength(4)
  proxy.refuse()
  await becomes(url, { 'waybill_dependency_up{dependency="queue"}': 0, 'waybill_workers{state="alive"}': 1 })
  expect(Object.keys(await readMetrics(url)).filter(isOfJobs)).toEqual([])
  proxy.restore()
  await becomes(url, { 'waybill_queue_jobs{lane="large",state="waiting"}': 0 })
})

it('responds while Postgres is unavailable, without the metrics of the ledger', async () => {
  const proxy = await startTcpProxy(endpointOf(inject('postgresUrl')))
  ends.push(() => proxy.close())
  const url = await startApi({ DATABASE_URL: proxy.through(system.database.url) })
  await becomes(url, { 'waybill_dependency_up{dependency="database"}': 1, 'waybill_workers{state="alive"}': 1 })
  proxy.refuse()
  await becomes(url, { 'waybill_dependency_up{dependency="database"}': 0 })
  const samples = await readMetrics(url)
  expect(Object.keys(samples).filter((name) => UNKNOWN_WITHOUT_DATABASE.test(name))).toEqual([])
  expect(samples['waybill_dependency_up{dependency="storage"}']).toBe(1)
  await system.admin.export({ dataset: 'users', format: 'ndjson' })
  proxy.restore()
  await becomes(url, {
    'waybill_dependency_up{dependency="database"}': 1,
    'waybill_workers{state="alive"}': 1,
    [made('count', 'users', 'ndjson')]: 1,
  })
})

describe('on an address that is not loopback', () => {
  it('needs the token of an administrator', async () => {
    const url = await startApi({ HOST: '0.0.0.0' })
    const { body } = await system.admin.post('/v1/api-keys', { name: 'exporter', role: 'exporter' })
    for (const wrong of [undefined, 'a-token-for-prometheus']) {
      expectProblem(await createApiClient(url, wrong).get('/metrics'), 401, 'UNAUTHENTICATED')
    }
    expectProblem(await createApiClient(url, body.key).get('/metrics'), 403, 'FORBIDDEN')
    const { status } = await createApiClient(url, system.config.BOOTSTRAP_API_KEY).get('/metrics')
    expect(status).toBe(200)
  })
})

describe('with METRICS_TOKEN', () => {
  const METRICS_TOKEN = 'a-token-for-prometheus'

  it('rejects requests without the token', async () => {
    const url = await startApi({ METRICS_TOKEN })
    for (const wrong of [undefined, 'a-token-for-prometheuz', system.config.BOOTSTRAP_API_KEY]) {
      expectProblem(await createApiClient(url, wrong).get('/metrics'), 401, 'UNAUTHENTICATED')
    }
    const { status, headers, body } = await createApiClient(url, METRICS_TOKEN).get('/metrics')
    expect({ status, type: headers.get('content-type') }).toEqual({
      status: 200,
      type: 'text/plain; version=0.0.4; charset=utf-8',
    })
    expect(body).toContain('# TYPE waybill_exports gauge')
  })

  it('does not accept the token on other routes', async () => {
    const url = await startApi({ METRICS_TOKEN })
    expectProblem(await createApiClient(url, METRICS_TOKEN).get('/v1/me'), 401, 'UNAUTHENTICATED')
  })
})

it('the documentation names exactly the metrics that exist', async () => {
  const docs = await readFile(new URL('../../../docs/metrics.md', import.meta.url), 'utf8')
  const named = new Set(docs.match(/\bwaybill_[a-z_]+/g))
  const text = await (await fetch(`${system.url}/metrics`)).text()
  const exported = new Set([...text.matchAll(/^# TYPE (waybill_\w+)/gm)].map(([, name = '']) => name))
  // The document names histograms by their series.
  const documented = [...named].map((name) => name.replace(/(?<=_seconds)_(bucket|count|sum)$/, ''))
  expect([...new Set(documented)].sort()).toEqual([...exported].sort())
})
