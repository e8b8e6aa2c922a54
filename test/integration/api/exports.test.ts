// One export over HTTP: create, poll, download, verify, delete.
import { createHash, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadSample } from '../../../apps/standalone/src/sample.ts'
import { defineDataset } from '../../../packages/shared/src/datasets/dataset.ts'
import { createApiClient } from '../../setup/api/api-client.ts'
import { expectProblem } from '../../setup/api/problem.ts'
import { withClient } from '../../setup/database.ts'
import { startTestSystem, type TestSystem } from '../../setup/system.ts'

const REQUEST = { dataset: 'users', format: 'csv', columns: ['id', 'created_at'], limit: 10 }
/** The third of its rows has 100,001 bytes in one cell. */
const wideDataset = defineDataset({
  name: 'wide',
  title: 'Wide rows',
  columns: {
    id: { kind: 'integer', sql: 't.id' },
    note: { kind: 'text', sql: `repeat('x', CASE WHEN t.id = 3 THEN 100001 ELSE 100000 END)` },
  },
  from: 'generate_series(1, 5) AS t(id)',
  filters: {},
  orderBy: ['t.id'],
})
const ATTEMPT_ROWS = { rows: 3, bytes: 100 }

describe('with a worker', () => {
  let system: TestSystem
  beforeAll(async () => {
    system = await startTestSystem({ settings: { MAX_CELL_BYTES: '100kB' }, datasets: [wideDataset] })
    await loadSample(system.database.url, { rows: 200 })
  })
  afterAll(() => system.stop())
  const get = (id: string, rest = '', headers = {}) => system.admin.get(`/v1/exports/${id}${rest}`, headers)

  it('POST responds 202 with Location, Retry-After and the export', async () => {
    const { status, headers, body } = await system.admin.post('/v1/exports', REQUEST)
    expect(status).toBe(202)
    expect(headers.get('location')).toBe(`/v1/exports/${body.id}`)
    expect(Number(headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
    const stamp = `${body.createdAt.slice(0, 19).replaceAll(/[-:]/g, '')}Z`
    expect(body).toMatchObject({
      ...REQUEST,
      filters: {},
      filename: `users_${stamp}.csv`,
      contentType: 'text/csv; charset=utf-8',
      rowCount: null,
      sha256: null,
      truncated: false,
      warnings: [],
    })
    expect(body).not.toHaveProperty('download')
    expect(body).not.toHaveProperty('error')
    await system.admin.ended(body.id)
  })

  it('a completed export describes its file correctly', async () => {
    const done = await system.admin.export(REQUEST)
    expect(done).toMatchObject({ status: 'completed', rowCount: 10, truncated: true, attempts: 1 })
    expect(done.progress).toMatchObject({ rows: 10, bytes: done.bytes, percent: 100 })
    for (const time of ['snapshotAt', 'startedAt', 'finishedAt']) {
      expect(Math.abs(Date.now() - Date.parse(done[time])), time).toBeLessThan(30_000)
    }
    expect(Date.parse(done.expiresAt) - Date.parse(done.finishedAt)).toBe(system.config.EXPORT_TTL)
    const response = await fetch(done.download.url)
    const file = Buffer.from(await response.arrayBuffer())
    expect(response.headers.get('content-type')).toBe(done.contentType)
    expect(response.headers.get('content-disposition')).toBe(`attachment; filename="${done.filename}"`)
    expect(createHash('sha256').update(file).digest('hex')).toBe(done.sha256)
    expect(file.byteLength).toBe(done.bytes)
    expect((await get(done.id)).headers.get('retry-after'), 'nothing to wait for').toBeNull()
  })

  it.each(['csv', 'ndjson', 'xlsx'])('a cell above MAX_CELL_BYTES fails the export at once: %s', async (format) => {
    const { body } = await system.admin.post('/v1/exports', { dataset: 'wide', format })
    const ended = await system.admin.ended(body.id)
    expect(ended).toMatchObject({ status: 'failed', attempts: 1, error: { code: 'ROW_TOO_LARGE', retryable: false } })
    expect(ended.error.message).toContain('Row 3 of the file has more bytes in the column "note" than MAX_CELL_BYTES')
    const others = await system.admin.export({ dataset: 'wide', format, limit: 2 })
    expect(others).toMatchObject({ status: 'completed', rowCount: 2 })
  })

  it('a download redirects to a newly signed link and is recorded without the link', async () => {
    const { id, sha256 } = await system.admin.export(REQUEST)
    const { status, headers } = await get(id, '/download')
    expect(status).toBe(303)
    const file = Buffer.from(await (await fetch(headers.get('location') ?? '')).arrayBuffer())
    expect(createHash('sha256').update(file).digest('hex')).toBe(sha256)
    const { body } = await get(id, '/events')
    expect(body.items.at(-1)).toMatchObject({ type: 'export.downloaded', actor: 'bootstrap' })
    expect(JSON.stringify(body)).not.toContain('X-Amz-')
  })

  it('the manifest of the API equals the one beside the file, and both match the file', async () => {
    const done = await system.admin.export({ ...REQUEST, filters: { dateFrom: '2026-01-01' } })
    const { body } = await get(done.id, '/manifest')
    expect(body).toMatchObject({
      exportId: done.id,
      columns: [
        { name: 'id', kind: 'uuid' },
        { name: 'created_at', kind: 'timestamp' },
      ],
      filters: { dateFrom: '2026-01-01' },
      rowCount: 10,
      truncated: true,
      bytes: done.bytes,
      sha256: done.sha256,
      snapshotAt: done.snapshotAt,
      attempts: 1,
    })
    const beside = (await system.connections.db.export.findUniqueOrThrow({ where: { id: done.id } })).artifactKey
    const key = `${beside?.slice(0, beside.lastIndexOf('/'))}/manifest.json`
    const stored = await (await fetch(await system.connections.storage.signedUrl({ fullKey: key }, 60))).json()
    expect(stored).toEqual(body)
  })

  it('lists the events of the export in order', async () => {
    const { id } = await system.admin.export(REQUEST)
    await get(id, '/download')
    await system.admin.delete(`/v1/exports/${id}`)
    const { items } = (await get(id, '/events')).body
    expect(items.map(({ type }: { type: string }) => type)).toEqual([
      'export.requested',
      'export.started',
      'export.completed',
      'export.link-issued',
      'export.downloaded',
      'export.expired',
    ])
    const times = items.map(({ at }: { at: string }) => Date.parse(at))
    expect([...times].sort((a, b) => a - b)).toEqual(times)
    expect(items.map(({ attempt }: { attempt: number | null }) => attempt).slice(0, 3)).toEqual([null, 1, 1])
    expect(items[0]).toMatchObject({ actor: 'bootstrap', data: { dataset: 'users', format: 'csv', limit: 10 } })
  })

  it('redirect=false returns the link and records the download', async () => {
    const done = await system.admin.export({ dataset: 'users', format: 'csv' })
    const { status, body } = await get(done.id, '/download?redirect=false')
    expect(status).toBe(200)
    expect(Object.keys(body).toSorted()).toEqual(['expiresAt', 'url'])
    expect((await fetch(body.url)).status).toBe(200)
    const { items } = (await get(done.id, '/events')).body
    expect(items.at(-1)).toMatchObject({ type: 'export.downloaded', actor: 'bootstrap' })
    expect(expectProblem(await get(done.id, '/download?redirect=no'), 422, 'VALIDATION_FAILED')).toHaveLength(1)
  })

  it('a caller who stores too much gets 429 with the files to delete, until they are deleted', async () => {
    const { body: key } = await system.admin.post('/v1/api-keys', { name: 'hoarder', role: 'exporter' })
    const client = createApiClient(system.url, key.key)
    const repeated = { 'Idempotency-Key': 'before' }
    const first = (await client.post('/v1/exports', REQUEST, repeated)).body
    const { id, bytes } = await client.ended(first.id)
    const { maxStoredBytes } = (await client.get('/v1/me')).body.limits
    expect((await client.get('/v1/me')).body.usage).toEqual({ storedBytes: bytes })
    await withClient(system.database.url, (db) =>
      db.query('UPDATE waybill.exports SET bytes = $1 WHERE id = $2', [maxStoredBytes, id]),
    )
    const refused = await client.post('/v1/exports', REQUEST)
    expectProblem(refused, 429, 'TOO_MANY_STORED_BYTES')
    expect(refused.body.detail).toContain(`${id} (${maxStoredBytes} bytes)`)
    expect(Number(refused.headers.get('retry-after')), 'until the file expires').toBeGreaterThan(86_400)
    expect((await client.post('/v1/exports', REQUEST, repeated)).body.id, 'a repeated request').toBe(id)
    await system.admin.export(REQUEST)
    expect((await client.delete(`/v1/exports/${id}`)).status).toBe(204)
    expect((await client.get('/v1/me')).body.usage).toEqual({ storedBytes: 0 })
    expect((await client.export(REQUEST)).status).toBe('completed')
  })

  it('DELETE removes the object, keeps the export, and makes the download 410', async () => {
    const done = await system.admin.export(REQUEST)
    expect((await system.admin.delete(`/v1/exports/${done.id}`)).status).toBe(204)
    expect((await fetch(done.download.url)).status, 'also through a link given out before').toBe(404)
    const { body } = await get(done.id)
    expect(body).toMatchObject({ status: 'expired', rowCount: 10, sha256: done.sha256 })
    expect(body).not.toHaveProperty('download')
    expectProblem(await get(done.id, '/download'), 410, 'EXPORT_EXPIRED')
    expect((await system.admin.delete(`/v1/exports/${done.id}`)).status, 'twice is as good as once').toBe(204)
  })

  it('records a request that turns the formula guard off', async () => {
    const { id } = await system.admin.export({ ...REQUEST, csv: { escapeFormulas: false } })
    const { items } = (await get(id, '/events')).body
    expect(items[0].data.csv).toMatchObject({ escapeFormulas: false })
  })
})

describe('a cached response', () => {
  let system: TestSystem
  beforeAll(async () => {
    system = await startTestSystem({ worker: false })
  })
  afterAll(() => system.stop())

  it('is 304 until the status or the progress changes', async () => {
    const { ledger } = system.connections
    const { body } = await system.admin.post('/v1/exports', REQUEST)
    const path = `/v1/exports/${body.id}`
    const seen = new Set<string>()
    const expectNew = async () => {
      const last = [...seen].at(-1)
      const fresh = await system.admin.get(path, last === undefined ? {} : { 'If-None-Match': last })
      expect(fresh.status).toBe(200)
      const tag = fresh.headers.get('etag') ?? ''
      expect(seen.has(tag)).toBe(false)
      seen.add(tag)
      const again = await system.admin.get(path, { 'If-None-Match': tag })
      expect(again.status).toBe(304)
      expect(again.body).toBe('')
      expect(again.headers.get('etag')).toBe(tag)
      const several = await system.admin.get(path, { 'If-None-Match': `"other", ${tag.replace('W/', '')}` })
      expect(several.status).toBe(304)
      return fresh
    }
    expect((await expectNew()).headers.get('retry-after')).toBe('1')
    const attempt = { exportId: body.id, token: randomUUID(), worker: 'test' }
    await ledger.claim(attempt)
    expect((await expectNew()).body.status).toBe('running')
    await ledger.heartbeat(attempt, ATTEMPT_ROWS)
    const running = await expectNew()
    expect(running.body.progress).toMatchObject(ATTEMPT_ROWS)
    expect(running.headers.get('retry-after')).toBe('1')
    await ledger.fail(attempt, 'SOURCE_TABLE_MISSING', 'relation "users" does not exist.')
    const failed = await expectNew()
    expect(failed.body.error).toEqual({
      code: 'SOURCE_TABLE_MISSING',
      message: 'relation "users" does not exist.',
      retryable: false,
    })
  })

  it('has no file: the download of a queued or failed export is 409', async () => {
    const { body } = await system.admin.post('/v1/exports', REQUEST)
    for (const path of ['download', 'manifest']) {
      expectProblem(await system.admin.get(`/v1/exports/${body.id}/${path}`), 409, 'EXPORT_NOT_READY')
    }
    expectProblem(await system.admin.delete(`/v1/exports/${body.id}`), 409, 'EXPORT_STILL_ACTIVE')
    const attempt = { exportId: body.id, token: randomUUID(), worker: 'test' }
    await system.connections.ledger.claim(attempt)
    await system.connections.ledger.fail(attempt, 'SOURCE_TIMEOUT', 'Too slow.')
    for (const path of ['download', 'manifest']) {
      expectProblem(await system.admin.get(`/v1/exports/${body.id}/${path}`), 409, 'EXPORT_WITHOUT_FILE')
    }
    const canceled = await system.admin.send('POST', `/v1/exports/${body.id}/cancel`)
    expectProblem(canceled, 409, 'EXPORT_ENDED')
  })
})

// S3 signs with whole seconds, so a link for one second may be valid for much less.
describe('links that are valid for three seconds', () => {
  let system: TestSystem
  beforeAll(async () => {
    system = await startTestSystem({ settings: { LINK_TTL: '3s' } })
  })
  afterAll(() => system.stop())

  it('a 304 never leaves the caller with an expired link', async () => {
    const done = await system.admin.export(REQUEST)
    const first = await system.admin.get(`/v1/exports/${done.id}`)
    const isAlive = async () => (await fetch(first.body.download.url)).status
    await expect.poll(isAlive, { interval: 200, message: 'the link dies' }).toBe(403)
    const tag = { 'If-None-Match': first.headers.get('etag') ?? '' }
    const second = await system.admin.get(`/v1/exports/${done.id}`, tag)
    expect(second.status).toBe(200)
    expect((await fetch(second.body.download.url)).status).toBe(200)
  })
})
