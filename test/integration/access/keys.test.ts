// API keys: shown once, stored as a hash, invalid as soon as they are revoked or expired.
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ensureBootstrapKey } from '../../../packages/shared/src/access/bootstrap-key.ts'
import { createApiClient, type Json } from '../../setup/api/api-client.ts'
import { expectProblem } from '../../setup/api/problem.ts'
import { withClient } from '../../setup/database.ts'
import { ADMIN_KEY, startTestSystem, type TestSystem } from '../../setup/system.ts'

let system: TestSystem
beforeAll(async () => {
  system = await startTestSystem({ worker: false })
})
afterAll(() => system.stop())

const create = (body: unknown) => system.admin.post('/v1/api-keys', body)
const UNKNOWN_ID = '018f0000-0000-7000-8000-000000000000'

/** Sets the time in this column to the past. */
const pass = (id: string, column: 'expires_at' | 'previous_expires_at') =>
  withClient(system.database.url, (client) =>
    client.query(`UPDATE waybill.api_keys SET ${column} = now() - interval '1 second' WHERE id = $1`, [id]),
  )

async function newKey(settings: Record<string, unknown> = {}) {
  const { body } = await create({ name: 'caller', role: 'exporter', ...settings })
  return { id: String(body.id), key: String(body.key), client: createApiClient(system.url, body.key) }
}

describe('a new key', () => {
  it('is shown once; the database stores only its hash', async () => {
    const { status, headers, body } = await create({ name: 'nightly', role: 'exporter' })
    expect(status).toBe(201)
    expect(headers.get('location')).toBe(`/v1/api-keys/${body.id}`)
    expect(body.key).toMatch(/^wb_[\w-]{43}$/)
    expect(body.key.startsWith(body.prefix)).toBe(true)
    const { rows } = await withClient(system.database.url, (client) =>
      client.query<{ row: string; hash: string }>('SELECT k::text AS row, hash FROM waybill.api_keys k WHERE id = $1', [
        body.id,
      ]),
    )
    expect(rows[0]?.row).not.toContain(body.key)
    expect(rows[0]?.hash).toBe(createHash('sha256').update(body.key).digest('hex'))
    const list = await system.admin.get('/v1/api-keys')
    expect(JSON.stringify(list.body)).not.toContain(body.key)
    expect(JSON.stringify(list.body)).not.toContain(rows[0]?.hash)
    expect(list.body.items[0]).toMatchObject({ id: body.id, name: 'nightly', role: 'exporter', revokedAt: null })
  })

  it('is valid until it is revoked', async () => {
    const { body } = await create({ name: 'short', role: 'exporter' })
    const client = createApiClient(system.url, body.key)
    expect((await client.get('/v1/me')).status).toBe(200)
    expect((await system.admin.delete(`/v1/api-keys/${body.id}`)).status).toBe(204)
    expectProblem(await client.get('/v1/me'), 401, 'UNAUTHENTICATED')
    expectProblem(await system.admin.delete(`/v1/api-keys/${body.id}`), 404, 'NOT_FOUND')
  })

  it('is invalid after it expires', async () => {
    const expiresAt = new Date(Date.now() + 3_600_000).toISOString()
    const { body } = await create({ name: 'hour', role: 'exporter', expiresAt })
    const client = createApiClient(system.url, body.key)
    expect((await client.get('/v1/me')).status).toBe(200)
    await pass(body.id, 'expires_at')
    expectProblem(await client.get('/v1/me'), 401, 'UNAUTHENTICATED')
  })

  it('exports and lists only its own datasets', async () => {
    const { body } = await create({ name: 'users only', role: 'exporter', datasets: ['users'] })
    const client = createApiClient(system.url, body.key)
    expect((await client.post('/v1/exports', { dataset: 'users', format: 'csv' })).status).toBe(202)
    for (const path of ['/v1/exports', '/v1/exports/preview']) {
      expectProblem(await client.post(path, { dataset: 'user-points', format: 'csv' }), 403, 'FORBIDDEN')
    }
    const { items } = (await client.get('/v1/datasets')).body
    expect(items.map(({ name }: { name: string }) => name)).toEqual(['users'])
  })

  it('has the time of its last use', async () => {
    const { body } = await create({ name: 'used', role: 'exporter' })
    expect(body.lastUsedAt).toBeNull()
    await createApiClient(system.url, body.key).get('/v1/me')
    const { items } = (await system.admin.get('/v1/api-keys')).body
    const used = items.find(({ id }: { id: string }) => id === body.id)
    expect(Date.now() - Date.parse(used.lastUsedAt)).toBeLessThan(10_000)
  })

  it.each([
    [{ role: 'admin' }, 'name'],
    [{ name: ' ', role: 'admin' }, 'name'],
    [{ name: 'a\0b', role: 'admin' }, 'name'],
    [{ name: '\ud800', role: 'admin' }, 'name'],
    [{ name: 'x'.repeat(101), role: 'admin' }, 'name'],
    [{ name: 'x', role: 'root' }, 'role'],
    [{ name: 'x', role: 'exporter', datasets: ['userz'] }, 'datasets[0]'],
    [{ name: 'x', role: 'admin', datasets: ['users'] }, 'datasets'],
    [{ name: 'x', role: 'exporter', expiresAt: '2020-01-01T00:00:00Z' }, 'expiresAt'],
    [{ name: 'x', role: 'exporter', expiresAt: 'tomorrow' }, 'expiresAt'],
    [{ name: 'x', role: 'exporter', key: 'mine' }, 'key'],
  ])('is not created from %j: the error names %s', async (body, path) => {
    const errors = expectProblem(await create(body), 422, 'VALIDATION_FAILED')
    expect(errors.map((error) => error.split(':')[0])).toEqual([path])
  })
})

describe('a key that is rotated', () => {
  const rotate = (id: string) =>
    fetch(`${system.url}/v1/api-keys/${id}/rotate`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ADMIN_KEY}` },
    })
  const rotateBy = (id: string, overlap: string) => system.admin.post(`/v1/api-keys/${id}/rotate`, { overlap })

  it('gets a new secret at once for the same caller and exports, without a request body', async () => {
    const { id, key, client } = await newKey({ datasets: ['users'] })
    const asked = await client.post('/v1/exports', { dataset: 'users', format: 'csv' })
    const response = await rotate(id)
    const body: Json = await response.json()
    expect(response.status).toBe(200)
    expect(body).toMatchObject({ id, datasets: ['users'], previousKeyUntil: null })
    expect(body.key).not.toBe(key)
    expect(body.prefix).toBe(body.key.slice(0, body.prefix.length))
    expectProblem(await client.get('/v1/me'), 401, 'UNAUTHENTICATED')
    const renewed = createApiClient(system.url, body.key)
    expect((await renewed.get('/v1/me')).body.id).toBe(`key:${id}`)
    expect((await renewed.get(`/v1/exports/${asked.body.id}`)).status).toBe(200)
  })

  it('accepts the old secret exactly for the requested overlap', async () => {
    const { id, client } = await newKey()
    const { body } = await rotateBy(id, '1h')
    const until = Date.parse(body.previousKeyUntil) - Date.now()
    expect(until).toBeGreaterThan(3_500_000)
    expect(until).toBeLessThanOrEqual(3_600_000)
    const renewed = createApiClient(system.url, body.key)
    expect((await client.get('/v1/me')).body.id).toBe((await renewed.get('/v1/me')).body.id)
    await pass(id, 'previous_expires_at')
    expectProblem(await client.get('/v1/me'), 401, 'UNAUTHENTICATED')
    expect((await renewed.get('/v1/me')).status).toBe(200)
  })

  it('loses both secrets when it is revoked, and the oldest when it is rotated again', async () => {
    const { id, client } = await newKey()
    const second = createApiClient(system.url, (await rotateBy(id, '1h')).body.key)
    const third = createApiClient(system.url, (await rotateBy(id, '1h')).body.key)
    expectProblem(await client.get('/v1/me'), 401, 'UNAUTHENTICATED')
    expect((await second.get('/v1/me')).status).toBe(200)
    await system.admin.delete(`/v1/api-keys/${id}`)
    for (const each of [second, third]) expectProblem(await each.get('/v1/me'), 401, 'UNAUTHENTICATED')
  })

  it('by ten requests at once leaves exactly one valid secret', async () => {
    const { id } = await newKey()
    const answers = await Promise.all(Array.from({ length: 10 }, () => rotateBy(id, '0s')))
    const clients = answers.map(({ body }) => createApiClient(system.url, body.key))
    const found = await Promise.all(clients.map((client) => client.get('/v1/me')))
    expect(found.filter(({ status }) => status === 200)).toHaveLength(1)
  })

  it('is rejected when it does not exist, has ended, or belongs to the settings', async () => {
    expectProblem(await rotateBy(UNKNOWN_ID, '0s'), 404, 'NOT_FOUND')
    const revoked = await newKey()
    await system.admin.delete(`/v1/api-keys/${revoked.id}`)
    expectProblem(await rotateBy(revoked.id, '0s'), 409, 'API_KEY_ENDED')
    const expired = await newKey({ expiresAt: new Date(Date.now() + 3_600_000).toISOString() })
    await pass(expired.id, 'expires_at')
    expectProblem(await rotateBy(expired.id, '0s'), 409, 'API_KEY_ENDED')
    const me = (await system.admin.get('/v1/me')).body
    expectProblem(await rotateBy(me.id.slice('key:'.length), '0s'), 409, 'API_KEY_OF_SETTINGS')
  })

  it.each(['tomorrow', '8d', '-1s', ''])('rejects the overlap %j', async (overlap) => {
    const { id } = await newKey()
    const errors = expectProblem(await rotateBy(id, overlap), 422, 'VALIDATION_FAILED')
    expect(errors).toEqual([expect.stringMatching(/^overlap: /)])
  })
})

describe('a key that is changed', () => {
  const change = (id: string, body: unknown) => system.admin.patch(`/v1/api-keys/${id}`, body)

  it('has its new rights from the next request', async () => {
    const { id, client } = await newKey()
    expect((await client.get('/v1/api-keys')).status).toBe(403)
    const { status, body } = await change(id, { role: 'admin', name: 'promoted' })
    expect(status).toBe(200)
    expect(body).toMatchObject({ id, role: 'admin', name: 'promoted', datasets: [], expiresAt: null })
    expect((await client.get('/v1/api-keys')).status).toBe(200)
    await change(id, { role: 'exporter', datasets: ['users'] })
    expect((await client.get('/v1/api-keys')).status).toBe(403)
    expectProblem(await client.post('/v1/exports', { dataset: 'user-points', format: 'csv' }), 403, 'FORBIDDEN')
  })

  it('becomes valid again when it had expired, but not when it was revoked', async () => {
    const { id, client } = await newKey({ expiresAt: new Date(Date.now() + 3_600_000).toISOString() })
    await pass(id, 'expires_at')
    expect((await client.get('/v1/me')).status).toBe(401)
    expect((await change(id, { expiresAt: null })).body.expiresAt).toBeNull()
    expect((await client.get('/v1/me')).status).toBe(200)
    await system.admin.delete(`/v1/api-keys/${id}`)
    expectProblem(await change(id, { expiresAt: null }), 409, 'API_KEY_ENDED')
    expect((await client.get('/v1/me')).status).toBe(401)
  })

  it.each([
    [{}, ''],
    [{ key: 'mine' }, 'key'],
    [{ datasets: ['userz'] }, 'datasets[0]'],
    [{ expiresAt: '2020-01-01T00:00:00Z' }, 'expiresAt'],
    [{ role: null }, 'role'],
  ])('is not changed by %j: the error names %s', async (body, path) => {
    const { id } = await newKey()
    const errors = expectProblem(await change(id, body), 422, 'VALIDATION_FAILED')
    expect(errors.map((error) => error.split(':')[0])).toEqual([path])
  })
})

describe('an administrator restricted to datasets', () => {
  it.each([
    [{ role: 'exporter', datasets: ['users'] }, { role: 'admin' }],
    [{ role: 'admin' }, { datasets: ['users'] }],
  ])('does not result from changing %j by %j', async (before, patch) => {
    const { id } = await newKey(before)
    const errors = expectProblem(await system.admin.patch(`/v1/api-keys/${id}`, patch), 422, 'VALIDATION_FAILED')
    expect(errors).toEqual([expect.stringMatching(/^datasets: must be empty for the role admin/)])
    const both = { role: 'admin', datasets: [] }
    expect((await system.admin.patch(`/v1/api-keys/${id}`, both)).body).toMatchObject(both)
    await system.admin.delete(`/v1/api-keys/${id}`)
  })

  it('from an earlier version may not change or create keys', async () => {
    const { id, client } = await newKey({ role: 'admin' })
    await withClient(system.database.url, (db) =>
      db.query(`UPDATE waybill.api_keys SET datasets = '{users}' WHERE id = $1`, [id]),
    )
    for (const answer of [
      await client.patch(`/v1/api-keys/${id}`, { datasets: [] }),
      await client.post(`/v1/api-keys/${id}/rotate`, {}),
      await client.delete(`/v1/api-keys/${id}`),
      await client.post('/v1/api-keys', { name: 'wider', role: 'admin' }),
    ]) {
      expectProblem(answer, 403, 'FORBIDDEN')
    }
    expect((await client.get('/v1/api-keys')).status).toBe(200)
    await system.admin.delete(`/v1/api-keys/${id}`)
  })
})

describe('the last key of an administrator', () => {
  it('cannot be revoked, not even by two requests at once', async () => {
    const me = (await system.admin.get('/v1/me')).body.id.slice('key:'.length)
    expectProblem(await system.admin.delete(`/v1/api-keys/${me}`), 409, 'LAST_ADMIN_KEY')
    expect((await system.admin.get('/v1/me')).status).toBe(200)
    const other = await newKey({ role: 'admin' })
    const answers = await Promise.all([
      system.admin.delete(`/v1/api-keys/${other.id}`),
      other.client.delete(`/v1/api-keys/${me}`),
    ])
    // The other request is rejected because its key is the last one, or because its own key was revoked first.
    expect(answers.filter(({ status }) => status === 204)).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 409 || status === 401)).toHaveLength(1)
    await withClient(system.database.url, (client) =>
      client.query('UPDATE waybill.api_keys SET revoked_at = NULL WHERE id = ANY ($1)', [[me, other.id]]),
    )
    await system.admin.delete(`/v1/api-keys/${other.id}`)
    expectProblem(await system.admin.patch(`/v1/api-keys/${me}`, { role: 'exporter' }), 409, 'API_KEY_OF_SETTINGS')
  })

  it('cannot become the key of an exporter', async () => {
    const me = (await system.admin.get('/v1/me')).body.id.slice('key:'.length)
    const other = await newKey({ role: 'admin' })
    expect((await other.client.delete(`/v1/api-keys/${me}`)).status).toBe(204)
    const answer = await other.client.patch(`/v1/api-keys/${other.id}`, { role: 'exporter' })
    await withClient(system.database.url, (client) =>
      client.query('UPDATE waybill.api_keys SET revoked_at = NULL WHERE id = $1', [me]),
    )
    expectProblem(answer, 409, 'LAST_ADMIN_KEY')
    expect((await other.client.get('/v1/me')).body.role).toBe('admin')
    await system.admin.delete(`/v1/api-keys/${other.id}`)
  })
})

it('records each change of a key in the audit trail, without secrets', async () => {
  const { id, key } = await newKey({ name: 'watched' })
  await system.admin.patch(`/v1/api-keys/${id}`, { datasets: ['users'] })
  const { body } = await system.admin.post(`/v1/api-keys/${id}/rotate`, { overlap: '1h' })
  await system.admin.delete(`/v1/api-keys/${id}`)
  const { rows } = await withClient(system.database.url, (client) =>
    client.query<{ type: string; actor: string; line: string }>(
      `SELECT type, actor, e::text AS line FROM waybill.audit_events e WHERE data->>'keyId' = $1 ORDER BY id`,
      [id],
    ),
  )
  const types = ['api-key.created', 'api-key.changed', 'api-key.rotated', 'api-key.revoked']
  expect(rows.map(({ type }) => type)).toEqual(types)
  expect(new Set(rows.map(({ actor }) => actor))).toEqual(new Set(['bootstrap']))
  for (const { line } of rows) {
    for (const secret of [key, body.key]) {
      expect(line).not.toContain(secret)
      expect(line).not.toContain(createHash('sha256').update(secret).digest('hex'))
    }
  }
})

describe('the bootstrap key', () => {
  const start = (key?: string) => ensureBootstrapKey(system.connections.db, key)

  it('does not change other keys at a restart', async () => {
    const { client } = await newKey()
    await start(ADMIN_KEY)
    await start('another-admin-key-0123')
    await start(ADMIN_KEY)
    expect((await client.get('/v1/me')).status).toBe(200)
  })

  it('expires at the next start after it is removed from the settings, and is valid again when it returns', async () => {
    await start('another-admin-key-0123')
    expect((await system.admin.get('/v1/me')).status).toBe(401)
    expect((await createApiClient(system.url, 'another-admin-key-0123').get('/v1/me')).body.role).toBe('admin')
    await start(ADMIN_KEY) // a rollback must not lock the operator out
    expect((await system.admin.get('/v1/me')).status).toBe(200)
    expect((await createApiClient(system.url, 'another-admin-key-0123').get('/v1/me')).status).toBe(401)
  })

  it('expires at the next start without a key in the settings, and this is in the trail', async () => {
    const { client } = await newKey()
    await start()
    expect((await system.admin.get('/v1/me')).status).toBe(401)
    expect((await client.get('/v1/me')).status).toBe(200)
    await start() // changes nothing more
    await start(ADMIN_KEY)
    expect((await system.admin.get('/v1/me')).status).toBe(200)
    const { items } = (await system.admin.get('/v1/audit?type=api-key.changed&limit=2')).body
    expect(items.map(({ data }: { data: { expiresAt: unknown } }) => data.expiresAt)).toEqual([
      null,
      expect.any(String),
    ])
  })

  it('stays revoked after a restart', async () => {
    await start('leaked-admin-key-01234')
    await start(ADMIN_KEY)
    const { items } = (await system.admin.get('/v1/api-keys')).body
    await system.admin.delete(`/v1/api-keys/${items[0].id}`)
    await start('leaked-admin-key-01234')
    expect((await createApiClient(system.url, 'leaked-admin-key-01234').get('/v1/me')).status).toBe(401)
    await start(ADMIN_KEY)
  })
})
