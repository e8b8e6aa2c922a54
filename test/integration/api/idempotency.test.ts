// Idempotency-Key: repeated and concurrent POSTs create one export.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createApiClient } from '../../setup/api/api-client.ts'
import { expectProblem } from '../../setup/api/problem.ts'
import { withClient } from '../../setup/database.ts'
import { QUEUE_BACKENDS, startTestSystem, type TestSystem } from '../../setup/system.ts'

const BODY = { dataset: 'user-points', format: 'csv', filters: { dateFrom: '2026-01-01', externalGameId: 'g' } }

describe.each(QUEUE_BACKENDS)('the same Idempotency-Key, queue on %s', (queue) => {
  let system: TestSystem
  beforeAll(async () => {
    system = await startTestSystem({ queue })
  })
  afterAll(() => system.stop())

  const post = (key: string, body: unknown = BODY) => system.admin.post('/v1/exports', body, { 'Idempotency-Key': key })
  /** Of many requests at once, one that waits too long for a connection gets 503. The same key makes it safe to repeat. */
  const postUntilAnswered = async (key: string, body: unknown = BODY) => {
    let answer = await post(key, body)
    while (answer.status === 503) answer = await post(key, body)
    return answer
  }
  const count = async (sql: string): Promise<number> =>
    withClient(system.database.url, async (client) =>
      Number((await client.query<{ count: string }>(sql)).rows[0]?.count),
    )

  const age = (id: string, interval: string) =>
    withClient(system.database.url, (client) =>
      client.query('UPDATE waybill.exports SET created_at = now() - $2::interval WHERE id = $1', [id, interval]),
    )

  it('with the same body returns the same export, whatever the order of the fields', async () => {
    const first = await post('order')
    const { filters, ...rest } = BODY
    const turned = { filters: Object.fromEntries(Object.entries(filters).reverse()), ...rest }
    const again = await post('order', turned)
    const spelledOut = await post('order', { ...BODY, compression: 'none', csv: { bom: false } })
    expect([first, again, spelledOut].map(({ status }) => status)).toEqual([202, 202, 202])
    expect(again.body.id).toBe(first.body.id)
    expect(spelledOut.body.id).toBe(first.body.id)
    expect(again.headers.get('location')).toBe(`/v1/exports/${first.body.id}`)
  })

  it('returns the same export after it has ended', async () => {
    const first = await post('ended')
    await system.admin.ended(first.body.id)
    const again = await post('ended')
    expect(again.status).toBe(202)
    expect(again.body).toMatchObject({ id: first.body.id, status: 'completed', attempts: 1 })
  })

  it('with another body is rejected', async () => {
    await post('two')
    expectProblem(await post('two', { ...BODY, limit: 1 }), 422, 'IDEMPOTENCY_KEY_REUSED')
    expectProblem(await post('two', { ...BODY, columns: ['id'] }), 422, 'IDEMPOTENCY_KEY_REUSED')
  })

  it('in 100 requests at once creates one export, one event and one file', async () => {
    const before = await count('SELECT count(*) FROM waybill.exports')
    const answers = await Promise.all(Array.from({ length: 100 }, () => postUntilAnswered('crowd')))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]))
    const ids = new Set(answers.map(({ body }) => body.id))
    expect(ids.size).toBe(1)
    expect(await count('SELECT count(*) FROM waybill.exports')).toBe(before + 1)
    const done = await system.admin.ended([...ids][0])
    expect(done).toMatchObject({ status: 'completed', attempts: 1 })
    const { body } = await system.admin.get(`/v1/exports/${done.id}/events`)
    const types = body.items.map(({ type }: { type: string }) => type)
    // Reading the completed export has handed out a link.
    expect(types).toEqual(['export.requested', 'export.started', 'export.completed', 'export.link-issued'])
  })

  it('in 100 requests at once with two bodies creates one export and rejects the other body', async () => {
    const before = await count('SELECT count(*) FROM waybill.exports')
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        postUntilAnswered('two-crowds', index % 2 === 0 ? BODY : { ...BODY, limit: 1 }),
      ),
    )
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(50)
    for (const answer of answers.filter(({ status }) => status !== 202)) {
      expectProblem(answer, 422, 'IDEMPOTENCY_KEY_REUSED')
    }
    expect(await count('SELECT count(*) FROM waybill.exports')).toBe(before + 1)
  })

  it('is remembered for a whole day', async () => {
    const first = await post('today')
    await age(first.body.id, '23 hours 59 minutes')
    expect((await post('today')).body.id).toBe(first.body.id)
    expectProblem(await post('today', { ...BODY, limit: 5 }), 422, 'IDEMPOTENCY_KEY_REUSED')
  })

  it('belongs to the caller: a repeat after a key rotation returns the same export', async () => {
    const { body } = await system.admin.post('/v1/api-keys', { name: 'rotating', role: 'exporter' })
    const repeat = (key: string) =>
      createApiClient(system.url, key).post('/v1/exports', BODY, { 'Idempotency-Key': 'rotated' })
    const first = await repeat(body.key)
    const rotated = await system.admin.post(`/v1/api-keys/${body.id}/rotate`, {})
    expect((await repeat(rotated.body.key)).body.id).toBe(first.body.id)
  })

  it('can be used again after a day', async () => {
    const first = await post('yesterday')
    await age(first.body.id, '25 hours')
    const next = await post('yesterday', { ...BODY, limit: 5 })
    expect(next.status).toBe(202)
    expect(next.body.id).not.toBe(first.body.id)
  })

  it.each(['', ' ', 'a b', 'ключ', 'x'.repeat(256)])('rejects the key %j', async (key) => {
    const value = Buffer.from(key, 'utf8').toString('latin1')
    const answer = await post(value)
    const errors = expectProblem(answer, 422, 'VALIDATION_FAILED')
    expect(errors).toEqual([expect.stringMatching(/^Idempotency-Key: must be 1 to 255/)])
  })
})

describe('without a key', () => {
  let system: TestSystem
  beforeAll(async () => {
    system = await startTestSystem({ worker: false })
  })
  afterAll(() => system.stop())

  it('each POST creates its own export', async () => {
    const a = await system.admin.post('/v1/exports', BODY)
    const b = await system.admin.post('/v1/exports', BODY)
    expect(a.body.id).not.toBe(b.body.id)
  })
})
