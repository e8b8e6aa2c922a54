// Fairness of the queue: a caller does not wait for all exports of another caller, nor a small export for large ones.
import { describe, expect, it } from 'vitest'
import { expectProblem } from '../../setup/api/problem.ts'
import { QUEUE_BACKENDS } from '../../setup/system.ts'
import { type Chaos, startChaos } from '../setup/chaos.ts'
import type { LocalApi } from '../setup/deployment.ts'
import { until } from '../setup/until.ts'

const SMALL = { dataset: 'users', format: 'csv', limit: 5 }

describe.concurrent.each(QUEUE_BACKENDS)('a fair queue on %s', (queue) => {
  it('runs the first export of one caller before most of the forty of another', async (test) => {
    // All exports are in one lane, also if an estimate times out.
    const settings = { WORKER_CONCURRENCY: '1', MAX_ACTIVE_EXPORTS: '40', LARGE_EXPORT_ROWS: '1' }
    const chaos = await startChaos(test, { queue, settings })
    const api = await chaos.startLocalApi()
    const [greedy, modest] = await Promise.all([requester(api, 'greedy'), requester(api, 'modest')])
    const many: string[] = []
    while (many.length < 40) many.push(...(await Promise.all(Array.from({ length: 10 }, () => ask(greedy)))))
    const one = await ask(modest)
    await chaos.startWorker()
    await chaos.becomes(one, 'completed')
    const { rows } = await chaos.client.query<{ ahead: number }>(
      `SELECT count(*)::int AS ahead FROM waybill.exports
        WHERE id <> $1 AND started_at < (SELECT started_at FROM waybill.exports WHERE id = $1)`,
      [one],
    )
    // The first export of each caller has the highest priority.
    expect(rows[0]?.ahead).toBeLessThan(3)
    await Promise.all(many.map((id) => chaos.becomes(id, 'completed')))
    await chaos.holds([...many, one])
  })

  it('runs a small export while large exports fill their lane', async (test) => {
    const settings = { WORKER_CONCURRENCY: '1', LARGE_EXPORT_ROWS: '100' }
    const chaos = await startChaos(test, { queue, rows: 6_000, settings })
    const api = await chaos.startLocalApi()
    const large = await Promise.all([1, 2, 3].map(() => api.ask()))
    const small = await askKnownSmall(chaos, api)
    // The large exports wait for a lock. The small one reads the audit trail, which is not locked.
    const users = await chaos.lockUsers()
    await chaos.startWorker()
    await chaos.becomes(small, 'completed')
    await until('a large one runs', async () => (await chaos.blocked('users')).length > 0)
    const seen = await Promise.all(large.map(async (id) => (await chaos.row(id)).status))
    expect(seen.sort()).toEqual(['queued', 'queued', 'running'])
    await Promise.all(large.map((id) => api.admin.post(`/v1/exports/${id}/cancel`, {})))
    await users.release()
    await chaos.holds([...large, small])
  })

  it('runs an export of one caller while slow exports of another would hold all slots', async (test) => {
    // All in one lane.
    const settings = { WORKER_CONCURRENCY: '2', LARGE_EXPORT_ROWS: '1' }
    const chaos = await startChaos(test, { queue, rows: 100, settings })
    const api = await chaos.startApi()
    const greedy = await requester(api, 'greedy')
    const users = await chaos.lockUsers()
    const slow = await Promise.all(Array.from({ length: 6 }, () => ask(greedy)))
    await chaos.startWorker()
    await until('two slow ones run', async () => (await chaos.blocked('users')).length === 2)
    // The included dataset reads the trail, which is not locked.
    const quick = await api.ask({ ...SMALL, dataset: 'audit' })
    await chaos.becomes(quick, 'completed')
    const seen = await Promise.all(slow.map(async (id) => (await chaos.row(id)).status))
    expect(seen.sort()).toEqual([...Array(4).fill('queued'), 'running', 'running'])
    await users.release()
    await Promise.all(slow.map((id) => chaos.becomes(id, 'completed')))
    await chaos.holds([...slow, quick])
  })

  it('answers 429 with Retry-After above MAX_ACTIVE_EXPORTS, also to concurrent requests', async (test) => {
    const chaos = await startChaos(test, { queue, settings: { MAX_ACTIVE_EXPORTS: '3' } })
    const apis = await Promise.all([chaos.startApi(), chaos.startApi()])
    const first = await Promise.all([apis[0].ask(SMALL), apis[1].ask(SMALL)])
    // Without a lock in the API, both requests would count the active exports before either of them is stored.
    const held = await chaos.hold('LOCK TABLE waybill.audit_events IN EXCLUSIVE MODE')
    const asking = apis.map((api) => api.admin.post('/v1/exports', SMALL))
    await until('both wait', async () => (await chaos.blocked('')).length === 2)
    await held.release()
    const answers = await Promise.all(asking)
    const accepted = answers.filter(({ status }) => status === 202).map(({ body }) => body.id)
    expect(accepted).toHaveLength(1)
    const refused = answers.filter(({ status }) => status !== 202)
    for (const answer of refused) {
      expectProblem(answer, 429, 'TOO_MANY_ACTIVE_EXPORTS')
      expect(answer.headers.get('retry-after')).toMatch(/^\d+$/)
    }
    await chaos.startWorker()
    const ids = [...first, ...accepted]
    await Promise.all(ids.map((id) => chaos.becomes(id, 'completed')))
    const room = await apis[0].ask(SMALL)
    await chaos.becomes(room, 'completed')
    await chaos.holds([...ids, room])
  })
})

/** A client with a new key. */
async function requester(api: LocalApi, name: string) {
  const { status, body } = await api.admin.post('/v1/api-keys', { name, role: 'exporter' })
  expect(status).toBe(201)
  return api.as(body.key)
}

/** On a busy machine, an estimate may time out. Such an export counts as large. */
async function askKnownSmall({ client }: Chaos, api: LocalApi): Promise<string> {
  for (;;) {
    const id = await api.ask({ ...SMALL, dataset: 'audit' })
    const { rows } = await client.query('SELECT lane FROM waybill.exports WHERE id = $1', [id])
    if (rows[0]?.lane === 'small') return id
    expect((await api.admin.post(`/v1/exports/${id}/cancel`, {})).status).toBe(202)
  }
}

async function ask(caller: Awaited<ReturnType<typeof requester>>): Promise<string> {
  const { status, body } = await caller.post('/v1/exports', SMALL)
  expect(status, JSON.stringify(body)).toBe(202)
  return body.id
}
