// Lists of exports: complete pages without repeats, filters, and the list of the original service.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ApiClient, createApiClient, type Json } from '../../setup/api/api-client.ts'
import { expectProblem } from '../../setup/api/problem.ts'
import { withClient } from '../../setup/database.ts'
import { startTestSystem, type TestSystem } from '../../setup/system.ts'

let system: TestSystem
let exporter: ApiClient
beforeAll(async () => {
  system = await startTestSystem({ worker: false, settings: { MAX_ACTIVE_EXPORTS: '1000' } })
  const { body } = await system.admin.post('/v1/api-keys', { name: 'lists', role: 'exporter' })
  exporter = createApiClient(system.url, body.key)
})
afterAll(() => system.stop())

async function ask(client: ApiClient, request: Record<string, unknown> = {}): Promise<string> {
  const { status, body } = await client.post('/v1/exports', { dataset: 'users', format: 'csv', ...request })
  expect(status).toBe(202)
  return body.id
}

const ids = ({ items }: { items: { id: string }[] }) => items.map(({ id }) => id)

describe('pages', () => {
  it('contain each export exactly once, newest first, also while new ones arrive', async () => {
    const asked: string[] = []
    for (let i = 0; i < 12; i++) asked.unshift(await ask(exporter))
    const seen: string[] = []
    let cursor: string | null = null
    do {
      const page: Json = await exporter.get(`/v1/exports?limit=5${cursor === null ? '' : `&cursor=${cursor}`}`)
      expect(page.status).toBe(200)
      seen.push(...ids(page.body))
      cursor = page.body.nextCursor
      await ask(exporter) // a new export appears before the current page
    } while (cursor !== null)
    expect(seen).toEqual(asked)
  })

  it('end exactly: a full last page has no next cursor', async () => {
    const { body } = await exporter.get('/v1/exports?limit=200')
    const total = body.items.length
    const exact = await exporter.get(`/v1/exports?limit=${total}`)
    expect(exact.body).toMatchObject({ nextCursor: null })
    expect(exact.body.items).toHaveLength(total)
    const short = await exporter.get(`/v1/exports?limit=${total - 1}`)
    const rest = await exporter.get(`/v1/exports?limit=1&cursor=${short.body.nextCursor}`)
    expect(ids(rest.body)).toEqual(ids(body).slice(-1))
    expect(rest.body.nextCursor).toBeNull()
  })

  it('contain no download links', async () => {
    const { body } = await system.admin.get('/v1/exports?scope=all')
    expect(JSON.stringify(body)).not.toContain('X-Amz-')
    for (const item of body.items) expect(item).not.toHaveProperty('download')
  })
})

it('scope=mine lists own exports, scope=all lists all, and mine is the default for administrators', async () => {
  const own = await ask(system.admin)
  const others = await ask(exporter)
  expect(ids((await system.admin.get('/v1/exports?scope=mine')).body)).toContain(own)
  expect(ids((await system.admin.get('/v1/exports?scope=mine')).body)).not.toContain(others)
  expect(ids((await system.admin.get('/v1/exports')).body)).not.toContain(others)
  expect(ids((await system.admin.get('/v1/exports?scope=all&limit=200')).body)).toEqual(
    expect.arrayContaining([own, others]),
  )
})

it('filters by status and dataset, alone and together', async () => {
  const points = await ask(system.admin, { dataset: 'user-points' })
  const done = await ask(system.admin, { dataset: 'user-points' })
  await setStatus(done, 'completed')
  const list = async (query: string) => ids((await system.admin.get(`/v1/exports?${query}`)).body)
  expect(await list('dataset=user-points')).toEqual([done, points])
  expect(await list('dataset=user-points&status=queued')).toEqual([points])
  expect(await list('status=completed')).toEqual([done])
  expect(await list('status=failed')).toEqual([])
})

describe('finds exports', () => {
  let asked: { id: string; createdAt: string; requestedBy: string }
  beforeAll(async () => {
    const { body: key } = await system.admin.post('/v1/api-keys', { name: 'found', role: 'exporter' })
    const { body } = await createApiClient(system.url, key.key).post('/v1/exports', {
      dataset: 'users',
      format: 'xlsx',
    })
    asked = body
  })
  const isFound = async (query: Record<string, string>) =>
    ids(
      (await system.admin.get(`/v1/exports?${new URLSearchParams({ scope: 'all', limit: '200', ...query })}`)).body,
    ).includes(asked.id)
  const around = (milliseconds: number) => new Date(Date.parse(asked.createdAt) + milliseconds).toISOString()

  it('by a part of the requester’s name in any case', async () => {
    expect(await isFound({ requestedBy: asked.requestedBy })).toBe(true)
    expect(await isFound({ requestedBy: asked.requestedBy.slice(3).toUpperCase() })).toBe(true)
    expect(await isFound({ requestedBy: 'another caller' })).toBe(false)
    // The special characters of LIKE are escaped.
    for (const requestedBy of ['%', '_'.repeat(asked.requestedBy.length), '\\']) {
      expect(await isFound({ requestedBy })).toBe(false)
    }
  })

  it('by creation time, both ends included, a day until its end', async () => {
    const day = asked.createdAt.slice(0, 10)
    expect(await isFound({ from: asked.createdAt, to: asked.createdAt })).toBe(true)
    expect(await isFound({ from: day, to: day })).toBe(true)
    expect(await isFound({ from: around(1) })).toBe(false)
    expect(await isFound({ to: around(-1) })).toBe(false)
    expect(await isFound({ to: around(-86_400_000).slice(0, 10) })).toBe(false)
    expect(await isFound({ from: `${day}T00:00:00+15:59` })).toBe(true)
  })

  it('and rejects an invalid time', async () => {
    for (const query of ['from=yesterday', 'to=2026-02-30', 'from=0000-01-01', 'requestedBy=']) {
      const answer = await system.admin.get(`/v1/exports?${query}`)
      expect(expectProblem(answer, 422, 'VALIDATION_FAILED')).toHaveLength(1)
    }
  })
})

it('a poller gets Retry-After while exports are active, and 304 when nothing changed', async () => {
  const { body: key } = await system.admin.post('/v1/api-keys', { name: 'poller', role: 'exporter' })
  const client = createApiClient(system.url, key.key)
  const quiet = await client.get('/v1/exports')
  expect(quiet.headers.get('retry-after')).toBeNull()
  const id = await ask(client)
  const moving = await client.get('/v1/exports', { 'If-None-Match': quiet.headers.get('etag') ?? '' })
  expect(moving.status).toBe(200)
  expect(moving.headers.get('retry-after')).toBe('1')
  const again = await client.get('/v1/exports', { 'If-None-Match': moving.headers.get('etag') ?? '' })
  expect([again.status, again.body, again.headers.get('retry-after')]).toEqual([304, '', '1'])
  await setStatus(id, 'completed')
  const over = await client.get('/v1/exports', { 'If-None-Match': moving.headers.get('etag') ?? '' })
  expect([over.status, over.headers.get('retry-after')]).toEqual([200, null])
})

describe('history in the format of the original service', () => {
  it('has exactly the fields of the original service, for every status', async () => {
    const { body: key } = await system.admin.post('/v1/api-keys', { name: 'history', role: 'exporter' })
    const client = createApiClient(system.url, key.key)
    const states = ['queued', 'running', 'completed', 'expired', 'failed', 'canceled']
    for (const state of states)
      await setStatus(await ask(client, { limit: 10, filters: { dateFrom: '2026-01-01' } }), state)
    const { body } = await client.get('/v1/exports/history')
    expect(body.map(({ status }: Json) => status)).toEqual(
      ['started', 'started', 'completed', 'completed', 'failed', 'failed'].reverse(),
    )
    expect(body.map(({ rowCount }: Json) => rowCount)).toEqual([-1, -1, 7, 7, -1, -1])
    for (const row of body) {
      expect(row).toEqual({
        id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        datasetType: 'users',
        format: 'csv',
        filters: { dateFrom: '2026-01-01' },
        rowLimit: 10,
        rowCount: expect.any(Number),
        status: expect.any(String),
        requestedBy: key.prefix,
        created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      })
    }
  })

  it('has the requested scope and limit', async () => {
    expect((await system.admin.get('/v1/exports/history?scope=all&limit=3')).body).toHaveLength(3)
    const mine = (await exporter.get('/v1/exports/history?limit=200')).body
    const all = (await system.admin.get('/v1/exports/history?scope=all&limit=200')).body
    expect(all.length).toBeGreaterThan(mine.length)
    expect((await exporter.get('/v1/exports/history')).body.length).toBeLessThanOrEqual(50)
  })
})

async function setStatus(id: string, status: string): Promise<void> {
  const rowCount = status === 'completed' || status === 'expired' ? 7 : null
  await withClient(system.database.url, (client) =>
    client.query('UPDATE waybill.exports SET status = $2, row_count = $3, artifact_key = $4 WHERE id = $1', [
      id,
      status,
      rowCount,
      status === 'completed' ? 'none' : null,
    ]),
  )
}
