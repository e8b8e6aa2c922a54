// API keys: shown once, kept as a hash, and dead as soon as they are revoked or expired.
import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ensureBootstrapKey } from '../../packages/shared/src/api-keys.ts'
import { createApiClient } from '../setup/api-client.ts'
import { withClient } from '../setup/database.ts'
import { expectProblem } from '../setup/problem.ts'
import { ADMIN_KEY, startTestSystem, type TestSystem } from '../setup/system.ts'

let system: TestSystem
beforeAll(async () => {
  system = await startTestSystem({ worker: false })
})
afterAll(() => system.stop())

const create = (body: unknown) => system.admin.post('/v1/api-keys', body)

describe('a new key', () => {
  it('is shown once and never stored: the database has its hash only', async () => {
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

  it('works until it is revoked, and not a moment longer', async () => {
    const { body } = await create({ name: 'short', role: 'exporter' })
    const client = createApiClient(system.url, body.key)
    expect((await client.get('/v1/me')).status).toBe(200)
    expect((await system.admin.delete(`/v1/api-keys/${body.id}`)).status).toBe(204)
    expectProblem(await client.get('/v1/me'), 401, 'UNAUTHENTICATED')
    expectProblem(await system.admin.delete(`/v1/api-keys/${body.id}`), 404, 'NOT_FOUND')
  })

  it('ends when it expires', async () => {
    const { body } = await create({
      name: 'hour',
      role: 'exporter',
      expiresAt: new Date(Date.now() + 700).toISOString(),
    })
    const client = createApiClient(system.url, body.key)
    expect((await client.get('/v1/me')).status).toBe(200)
    await sleep(800)
    expectProblem(await client.get('/v1/me'), 401, 'UNAUTHENTICATED')
  })

  it('exports its own datasets only, and sees no others', async () => {
    const { body } = await create({ name: 'users only', role: 'exporter', datasets: ['users'] })
    const client = createApiClient(system.url, body.key)
    expect((await client.post('/v1/exports', { dataset: 'users', format: 'csv' })).status).toBe(202)
    for (const path of ['/v1/exports', '/v1/exports/preview']) {
      expectProblem(await client.post(path, { dataset: 'user-points', format: 'csv' }), 403, 'FORBIDDEN')
    }
    const { items } = (await client.get('/v1/datasets')).body
    expect(items.map(({ name }: { name: string }) => name)).toEqual(['users'])
  })

  it('leaves a trace of its use', async () => {
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
    [{ name: 'x', role: 'exporter', expiresAt: '2020-01-01T00:00:00Z' }, 'expiresAt'],
    [{ name: 'x', role: 'exporter', expiresAt: 'tomorrow' }, 'expiresAt'],
    [{ name: 'x', role: 'exporter', key: 'mine' }, 'key'],
  ])('is not made of %j: the answer names %s', async (body, path) => {
    const errors = expectProblem(await create(body), 422, 'VALIDATION_FAILED')
    expect(errors.map((error) => error.split(':')[0])).toEqual([path])
  })
})

describe('the bootstrap key', () => {
  const start = (key: string) => ensureBootstrapKey(system.connections.db, key)

  it('that is no longer in the settings ends with the next start, and comes back with the settings', async () => {
    await start('another-admin-key-0123')
    expect((await system.admin.get('/v1/me')).status).toBe(401)
    expect((await createApiClient(system.url, 'another-admin-key-0123').get('/v1/me')).body.role).toBe('admin')
    await start(ADMIN_KEY) // a rollback: whoever does it must not be locked out
    expect((await system.admin.get('/v1/me')).status).toBe(200)
    expect((await createApiClient(system.url, 'another-admin-key-0123').get('/v1/me')).status).toBe(401)
  })

  it('that an admin revoked because it leaked does not come back with a restart', async () => {
    await start('leaked-admin-key-01234')
    await start(ADMIN_KEY)
    const { items } = (await system.admin.get('/v1/api-keys')).body
    await system.admin.delete(`/v1/api-keys/${items[0].id}`)
    await start('leaked-admin-key-01234')
    expect((await createApiClient(system.url, 'leaked-admin-key-01234').get('/v1/me')).status).toBe(401)
    await start(ADMIN_KEY)
  })
})
