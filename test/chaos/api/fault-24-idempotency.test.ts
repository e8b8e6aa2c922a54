// Fault 24: 100 POSTs at once with one Idempotency-Key.
import { describe, expect, it } from 'vitest'
import { QUEUE_BACKENDS } from '../../setup/system.ts'
import { startChaos } from '../setup/chaos.ts'
import type { Api } from '../setup/deployment.ts'
import { until } from '../setup/until.ts'

describe.concurrent.each(QUEUE_BACKENDS)('fault 24, queue on %s', (queue) => {
  it('creates one export from 100 concurrent POSTs with one Idempotency-Key on two API processes', async (test) => {
    const chaos = await startChaos(test, { queue })
    const apis = await Promise.all([chaos.startApi(), chaos.startApi()])
    await chaos.startWorker()
    const request = { dataset: 'users', format: 'csv' }
    const post = (api: Api) => api.admin.post('/v1/exports', request, { 'Idempotency-Key': 'one-and-the-same' })
    // A request that waits too long behind the others may get 503; the same key makes it safe to repeat.
    const ask = async (api: Api) =>
      until('the answer is 202', async () => {
        const { status, body } = await post(api)
        expect([202, 503]).toContain(status)
        return status === 202 && body.id
      })
    const ids = new Set(await Promise.all(Array.from({ length: 50 }, () => apis.map(ask)).flat()))
    expect(ids.size).toBe(1)
    const { rows } = await chaos.client.query<{ id: string }>('SELECT id FROM waybill.exports')
    expect(rows.map(({ id }) => id)).toEqual([...ids])
    const [id = ''] = rows.map((row) => row.id)
    await chaos.becomes(id, 'completed')
    expect(await chaos.story(id)).toEqual(['requested', 'started', 'completed'])
    await chaos.holds([id])
  })
})
