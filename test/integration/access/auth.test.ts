// Authentication: rejects requests without a valid key, and hides the exports of other callers.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ApiClient, createApiClient } from '../../setup/api/api-client.ts'
import { expectProblem } from '../../setup/api/problem.ts'
import { startTestSystem, type TestSystem } from '../../setup/system.ts'

let system: TestSystem
let alice: ApiClient
let bob: ApiClient
beforeAll(async () => {
  system = await startTestSystem()
  const exporter = async (name: string) => {
    const { body } = await system.admin.post('/v1/api-keys', { name, role: 'exporter' })
    return createApiClient(system.url, body.key)
  }
  alice = await exporter('alice')
  bob = await exporter('bob')
})
afterAll(() => system.stop())

const EXPORT = { dataset: 'users', format: 'csv' }
const SOMEBODYS = '018f0000-0000-7000-8000-000000000000'

/** Every route that requires a token, with a body where it needs one. */
const ADDRESSES = [
  ['GET', '/v1/exports'],
  ['POST', '/v1/exports'],
  ['GET', '/v1/exports/history'],
  ['POST', '/v1/exports/preview'],
  ['GET', `/v1/exports/${SOMEBODYS}`],
  ['DELETE', `/v1/exports/${SOMEBODYS}`],
  ['GET', `/v1/exports/${SOMEBODYS}/download`],
  ['GET', `/v1/exports/${SOMEBODYS}/manifest`],
  ['GET', `/v1/exports/${SOMEBODYS}/events`],
  ['GET', '/v1/datasets'],
  ['GET', '/v1/system'],
  ['GET', '/v1/me'],
  ['GET', '/v1/api-keys'],
  ['POST', '/v1/api-keys'],
  ['DELETE', `/v1/api-keys/${SOMEBODYS}`],
  ['GET', '/v1/no-such-thing'],
] as const

describe('without a valid key', () => {
  it.each(ADDRESSES)('%s %s is 401 before any other check', async (method, path) => {
    for (const authorization of [undefined, 'Bearer wrong', 'Bearer ', 'Basic YTpi', 'wrong', "Bearer ' OR 1=1 --"]) {
      const response = await fetch(`${system.url}${path}`, {
        method,
        headers: {
          ...(authorization === undefined ? {} : { authorization }),
          ...(method === 'POST' ? { 'content-type': 'application/json' } : {}),
        },
        ...(method === 'POST' ? { body: '{not json' } : {}),
      })
      const { status, headers } = response
      expectProblem({ status, headers, body: await response.json() }, 401, 'UNAUTHENTICATED')
      expect(headers.get('www-authenticate')).toBe('Bearer')
    }
  })

  it('ignores a key in the query string, because URLs appear in logs', async () => {
    const stranger = createApiClient(system.url, undefined)
    const { status } = await stranger.get('/v1/me?access_token=test-admin-key-0123456789')
    expect(status).toBe(401)
  })
})

describe('an exporter', () => {
  it("gets 404 for another caller's export on every route", async () => {
    const { id } = await alice.export(EXPORT)
    for (const path of ['', '/download', '/manifest', '/events']) {
      expectProblem(await bob.get(`/v1/exports/${id}${path}`), 404, 'NOT_FOUND')
      expect((await bob.get(`/v1/exports/${SOMEBODYS}${path}`)).status).toBe(404)
    }
    expectProblem(await bob.delete(`/v1/exports/${id}`), 404, 'NOT_FOUND')
    expect((await bob.get('/v1/exports')).body.items).toEqual([])
    expect((await bob.get('/v1/exports/history')).body).toEqual([])
    expect((await alice.get(`/v1/exports/${id}`)).body.status).toBe('completed')
  })

  it('gets its own export when another caller used the same idempotency key', async () => {
    const headers = { 'Idempotency-Key': 'monday' }
    const a = await alice.post('/v1/exports', EXPORT, headers)
    const b = await bob.post('/v1/exports', EXPORT, headers)
    expect([a.status, b.status]).toEqual([202, 202])
    expect(a.body.id).not.toBe(b.body.id)
  })

  it('gets 403 for the exports of all callers and for API keys', async () => {
    expectProblem(await alice.get('/v1/exports?scope=all'), 403, 'FORBIDDEN')
    expectProblem(await alice.get('/v1/exports/history?scope=all'), 403, 'FORBIDDEN')
    expectProblem(await alice.get('/v1/api-keys'), 403, 'FORBIDDEN')
    expectProblem(await alice.post('/v1/api-keys', { name: 'mine', role: 'admin' }), 403, 'FORBIDDEN')
    expectProblem(await alice.delete(`/v1/api-keys/${SOMEBODYS}`), 403, 'FORBIDDEN')
  })

  it('reads its own identity, as an administrator does', async () => {
    expect((await alice.get('/v1/me')).body).toMatchObject({
      role: 'exporter',
      datasets: [],
      limits: { maxRows: system.config.MAX_ROWS },
    })
    expect((await system.admin.get('/v1/me')).body).toMatchObject({ role: 'admin' })
  })
})

it('an administrator sees and deletes the exports of all callers', async () => {
  const { id, requestedBy } = await bob.export(EXPORT)
  const { body } = await system.admin.get(`/v1/exports/${id}`)
  expect(body.requestedBy).toBe(requestedBy)
  const all = await system.admin.get('/v1/exports?scope=all')
  expect(all.body.items.map((item: { id: string }) => item.id)).toContain(id)
  expect((await system.admin.delete(`/v1/exports/${id}`)).status).toBe(204)
  expect((await bob.get(`/v1/exports/${id}`)).body.status).toBe('expired')
})
