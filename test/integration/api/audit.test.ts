// The audit trail: records each action with caller, address and User-Agent, and is readable by administrators.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ApiClient, createApiClient, type Json } from '../../setup/api/api-client.ts'
import { expectProblem } from '../../setup/api/problem.ts'
import { withClient } from '../../setup/database.ts'
import { startTestSystem, type TestSystem } from '../../setup/system.ts'

let system: TestSystem
let exporter: { readonly id: string; readonly name: string; readonly client: ApiClient }
beforeAll(async () => {
  system = await startTestSystem({ settings: { MAX_ACTIVE_EXPORTS: '20' } })
  exporter = await newExporter('exporter')
})
afterAll(() => system.stop())

const EXPORT = { dataset: 'users', format: 'csv' }
const PROGRAM = { 'User-Agent': 'nightly/1.0' }

async function newExporter(name: string, datasets: readonly string[] = []) {
  const { body } = await system.admin.post('/v1/api-keys', { name, role: 'exporter', datasets })
  return { id: `key:${body.id}`, name: body.prefix as string, client: createApiClient(system.url, body.key) }
}

/** Newest first. */
const trail = async (query: string): Promise<Json[]> => {
  const { status, body } = await system.admin.get(`/v1/audit?${query}`)
  expect(status).toBe(200)
  return body.items
}
const typesOf = (events: readonly Json[]) => events.map(({ type }) => type)

describe('an action of a caller', () => {
  it('is recorded with id, address and User-Agent', async () => {
    const { client, id, name } = exporter
    const { body: asked } = await client.post('/v1/exports', EXPORT, PROGRAM)
    await client.ended(asked.id)
    await client.get(`/v1/exports/${asked.id}/download`, PROGRAM)
    await client.post('/v1/exports/preview', EXPORT, PROGRAM)
    await client.delete(`/v1/exports/${asked.id}`)
    const events = await trail(`actor=${id}`)
    expect(typesOf(events)).toEqual([
      'export.expired',
      'export.previewed',
      'export.downloaded',
      'export.link-issued',
      'export.requested',
    ])
    for (const event of events) expect(event).toMatchObject({ actor: name, actorId: id, address: '127.0.0.1' })
    for (const event of [events[1], events[2], events[4]]) expect(event?.userAgent).toBe('nightly/1.0')
    expect(events.map(({ exportId }) => exportId)).toEqual([asked.id, null, asked.id, asked.id, asked.id])
    // The name is the same in each event. An event of a worker has the name of the worker and no address.
    expect(await trail(`actor=${name}`)).toEqual(events)
    const [started] = await trail('type=export.started')
    expect(started).toMatchObject({ exportId: asked.id, attempt: 1, actorId: null, address: null, userAgent: null })
    expect(started.actor).toMatch(/^worker:/)
  })

  it('is recorded with the name of the caller who cancels', async () => {
    const { client, id } = exporter
    const { body } = await client.post('/v1/exports', EXPORT, PROGRAM)
    const { status } = await client.post(`/v1/exports/${body.id}/cancel`, {}, PROGRAM)
    if (status === 202) {
      expect((await trail(`actor=${id}&limit=1`))[0]).toMatchObject({ type: 'export.canceled', exportId: body.id })
    } else expectProblem(await client.post(`/v1/exports/${body.id}/cancel`, {}), 409, 'EXPORT_ENDED')
  })

  it('is shown to exporters without the address', async () => {
    const { client } = exporter
    const { id } = await client.export(EXPORT)
    await system.admin.get(`/v1/exports/${id}/download`)
    const { body } = await client.get(`/v1/exports/${id}/events`)
    expect(body.items.at(-1).type).toBe('export.downloaded')
    expect(JSON.stringify(body)).not.toMatch(/address|userAgent|127\.0\.0\.1/)
    expectProblem(await client.get('/v1/audit'), 403, 'FORBIDDEN')
  })
})

describe('a link to a file', () => {
  const linksOf = async (id: string, query = '') => {
    const { body } = await system.admin.get(`/v1/exports/${id}/events?limit=200${query}`)
    return body.items.filter(({ type }: Json) => /downloaded|link-issued/.test(type))
  }

  it('in the details of an export is recorded like a download, once for each caller', async () => {
    const { id } = await exporter.client.export(EXPORT)
    for (let i = 0; i < 3; i++) expect((await system.admin.get(`/v1/exports/${id}`)).body).toHaveProperty('download')
    const links = await linksOf(id)
    expect(links).toMatchObject([
      { type: 'export.link-issued', actor: exporter.name, repeats: 0 },
      { type: 'export.link-issued', actor: 'bootstrap', repeats: 2 },
    ])
    expect((await trail(`type=export.link-issued&limit=1`))[0]).toMatchObject({ exportId: id, repeats: 2 })
  })

  it('is not recorded where none is given out', async () => {
    const { id } = await exporter.client.export(EXPORT)
    const { headers } = await system.admin.get(`/v1/exports/${id}`)
    const known = { 'If-None-Match': headers.get('etag') ?? '' }
    expect((await system.admin.get(`/v1/exports/${id}`, known)).status).toBe(304)
    await system.admin.get('/v1/exports?scope=all')
    expect(await linksOf(id)).toMatchObject([{ actor: exporter.name }, { actor: 'bootstrap', repeats: 0 }])
  })

  it('from a download is one event for each caller and link period, which counts the repeats', async () => {
    const { id } = await exporter.client.export(EXPORT)
    const downloads = async () => (await linksOf(id)).filter(({ type }: Json) => type === 'export.downloaded')
    const times = await Promise.all(Array.from({ length: 12 }, () => exporter.client.get(`/v1/exports/${id}/download`)))
    expect(times.map(({ status }) => status)).toEqual(Array(12).fill(303))
    await system.admin.get(`/v1/exports/${id}/download`)
    expect(await downloads()).toMatchObject([
      { actor: exporter.name, repeats: 11, data: {} },
      { actor: 'bootstrap', repeats: 0 },
    ])
    await withClient(system.database.url, (client) =>
      client.query(
        `UPDATE waybill.link_uses SET starts_at = starts_at - interval '1 day', ends_at = ends_at - interval '1 day'`,
      ),
    )
    await exporter.client.get(`/v1/exports/${id}/download`)
    await exporter.client.get(`/v1/exports/${id}/download`)
    expect(await downloads()).toMatchObject([
      { actor: exporter.name, repeats: null },
      { actor: 'bootstrap', repeats: 0 },
      { actor: exporter.name, repeats: 1, data: { repeatsBefore: 11 } },
    ])
  })
})

it('GET /v1/exports/{id}/events returns every event once, in pages', async () => {
  const { id } = await exporter.client.export(EXPORT)
  await withClient(system.database.url, (client) =>
    client.query(
      `INSERT INTO waybill.audit_events (export_id, type, actor) SELECT $1, 'export.downloaded', 'reader'
       FROM generate_series(1, 450)`,
      [id],
    ),
  )
  const whole = (await exporter.client.get(`/v1/exports/${id}/events`)).body
  expect(whole.items).toHaveLength(200)
  const ids: number[] = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const { body }: { body: Json } = await exporter.client.get(
      `/v1/exports/${id}/events?limit=150${cursor && `&cursor=${cursor}`}`,
    )
    ids.push(...body.items.map((event: Json) => event.id))
    cursor = body.nextCursor
  }
  expect(ids).toHaveLength(454)
  expect(ids).toEqual([...new Set(ids)].toSorted((a, b) => a - b))
  expect(ids.slice(0, 200)).toEqual(whole.items.map((event: Json) => event.id))
  expectProblem(await exporter.client.get(`/v1/exports/${id}/events?cursor=x`), 422, 'VALIDATION_FAILED')
  expectProblem(await exporter.client.get(`/v1/exports/${id}/events?limit=201`), 422, 'VALIDATION_FAILED')
})

describe('a refused request for an export', () => {
  it.each([
    [
      'a dataset that the key may not have',
      { dataset: 'user-points', format: 'csv' },
      403,
      { code: 'FORBIDDEN', dataset: 'user-points' },
    ],
    ['the trail itself', { dataset: 'audit', format: 'csv' }, 403, { code: 'FORBIDDEN', dataset: 'audit' }],
    [
      'an unknown format',
      { dataset: 'users', format: 'pdf' },
      422,
      { code: 'VALIDATION_FAILED', dataset: 'users', fields: ['format'] },
    ],
    [
      'a filter and a column that are not there',
      { ...EXPORT, filters: { dateFrom: 'soon', planted: 'x' }, columns: ['id', 'planted'] },
      422,
      { code: 'VALIDATION_FAILED', dataset: 'users', fields: ['filters.dateFrom', 'filters.?', 'columns[1]'] },
    ],
    ['what is no JSON', '{"dataset": "planted', 400, { code: 'BODY_NOT_JSON' }],
    [
      'an unknown dataset',
      { dataset: 'planted', format: 'csv' },
      422,
      { code: 'VALIDATION_FAILED', fields: ['dataset'] },
    ],
    ['a body with too much in it', { ...EXPORT, planted: 'p'.repeat(200_000) }, 413, { code: 'BODY_TOO_LARGE' }],
  ])('is recorded without values and unknown names: %s', async (_, body, status, data) => {
    const { client, id } = await newExporter('users only', ['users'])
    expect((await client.post('/v1/exports', body, PROGRAM)).status).toBe(status)
    const events = await trail(`actor=${id}`)
    expect(events).toHaveLength(1)
    expect(events[0]).toMatchObject({ type: 'export.refused', exportId: null, userAgent: 'nightly/1.0', data })
    expect(JSON.stringify(events[0])).not.toContain('planted')
  })

  it('for its Idempotency-Key is recorded without the key', async () => {
    const { client, id } = await newExporter('twice')
    const headers = { 'Idempotency-Key': 'planted-key' }
    expect((await client.post('/v1/exports', EXPORT, headers)).status).toBe(202)
    expect((await client.post('/v1/exports', { ...EXPORT, limit: 5 }, headers)).status).toBe(422)
    expect((await client.post('/v1/exports', EXPORT, { 'Idempotency-Key': 'planted key' })).status).toBe(422)
    const [second, first] = await trail(`actor=${id}&type=export.refused`)
    expect(first.data).toEqual({ code: 'IDEMPOTENCY_KEY_REUSED', dataset: 'users' })
    expect(second.data).toEqual({ code: 'VALIDATION_FAILED', dataset: 'users', fields: ['Idempotency-Key'] })
    expect(JSON.stringify([first, second])).not.toContain('planted')
  })

  it('gets the same response at once when the trail cannot be written', async () => {
    const { client, id } = await newExporter('unlucky')
    const refused = () => client.post('/v1/exports', { ...EXPORT, format: 'pdf' })
    await withClient(system.database.url, async (other) => {
      await other.query('BEGIN; LOCK TABLE waybill.audit_head IN EXCLUSIVE MODE')
      expectProblem(await refused(), 422, 'VALIDATION_FAILED')
      await other.query('ROLLBACK; ALTER TABLE waybill.audit_events RENAME TO elsewhere')
      try {
        expectProblem(await refused(), 422, 'VALIDATION_FAILED')
      } finally {
        await other.query('ALTER TABLE waybill.elsewhere RENAME TO audit_events')
      }
    })
    // The event that waited for the lock was written after its release, and new refusals are recorded again.
    await refused()
    await expect.poll(async () => typesOf(await trail(`actor=${id}`))).toEqual(['export.refused', 'export.refused'])
  })

  it('on any other route with 403 is recorded with the route, not with the path', async () => {
    const { client, id } = await newExporter('curious')
    const { body: key } = await system.admin.post('/v1/api-keys', { name: 'other', role: 'exporter' })
    expectProblem(await client.patch(`/v1/api-keys/${key.id}`, { role: 'admin' }), 403, 'FORBIDDEN')
    expectProblem(await client.get('/v1/exports?scope=all&planted=1'), 422, 'VALIDATION_FAILED')
    expectProblem(await client.get('/v1/exports?scope=all'), 403, 'FORBIDDEN')
    expectProblem(await client.post('/v1/exports/preview', { ...EXPORT, dataset: 'audit' }), 403, 'FORBIDDEN')
    const events = await trail(`actor=${id}`)
    expect(typesOf(events)).toEqual(Array(3).fill('access.refused'))
    expect(events.map(({ data }) => data).toReversed()).toEqual([
      { code: 'FORBIDDEN', method: 'PATCH', route: '/v1/api-keys/{id}', id: key.id },
      { code: 'FORBIDDEN', method: 'GET', route: '/v1/exports' },
      { code: 'FORBIDDEN', method: 'POST', route: '/v1/exports/preview', dataset: 'audit' },
    ])
  })

  it('is not recorded without valid credentials', async () => {
    const before = (await trail('limit=1'))[0].id
    expect((await createApiClient(system.url, 'wb_guess').post('/v1/exports', EXPORT)).status).toBe(401)
    expect((await trail('limit=1'))[0].id).toBe(before)
  })
})

describe('GET /v1/audit', () => {
  it('returns each event once, newest first, also while new ones arrive', async () => {
    const newest = (await trail('limit=1'))[0].id
    const ids: number[] = []
    let cursor = ''
    do {
      const { body } = await system.admin.get(`/v1/audit?limit=7${cursor && `&cursor=${cursor}`}`)
      ids.push(...body.items.map(({ id }: { id: number }) => id))
      cursor = body.nextCursor
      if (ids.length === 7) await system.admin.post('/v1/exports/preview', EXPORT)
    } while (cursor !== null)
    expect(ids).toEqual(Array.from({ length: newest }, (_, index) => newest - index))
  })

  it('returns the events between two times, both included', async () => {
    const { rows } = await withClient(system.database.url, (client) =>
      client.query<{ id: string; at: string }>(
        `SELECT id, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at FROM waybill.audit_events
          WHERE id IN (3, 6) ORDER BY id`,
      ),
    )
    const [from, to] = rows.map(({ at }) => at)
    expect((await trail(`from=${from}&to=${to}`)).map(({ id }) => id)).toEqual([6, 5, 4, 3])
    expect(await trail('to=2001-01-01')).toEqual([])
  })

  it.each([
    ['type=export.stolen', 'type'],
    ['from=yesterday', 'from'],
    ['cursor=abc', 'cursor'],
    ['limit=0', 'limit'],
    ['export=1', 'export'],
  ])('rejects an invalid query: %s', async (query, path) => {
    const errors = expectProblem(await system.admin.get(`/v1/audit?${query}`), 422, 'VALIDATION_FAILED')
    expect(errors.map((error) => error.split(':')[0])).toEqual([path])
  })
})
