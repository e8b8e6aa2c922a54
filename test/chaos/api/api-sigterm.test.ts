// SIGTERM of the API: /readyz reports it to the load balancer first, and open requests are answered.
import { describe, expect, it } from 'vitest'
import { startChaos } from '../setup/chaos.ts'
import { until } from '../setup/until.ts'

describe.concurrent('an API that receives SIGTERM', () => {
  it('answers the open request, then ends', async (test) => {
    const chaos = await startChaos(test, { queue: 'postgres', settings: { SHUTDOWN_GRACE: '10m' } })
    const api = await chaos.startApi()
    const held = await chaos.hold('LOCK TABLE waybill.audit_events IN EXCLUSIVE MODE')
    const asking = api.ask()
    await until('the request waits in the database', async () => (await chaos.blocked('audit_events'))[0])
    api.signal('SIGTERM')
    await api.said('stopping: no new connections; requests on their way are answered')
    await until('new connections are refused', () => isRefused(api.url))
    await held.release()
    const id = await asking
    const answered = performance.now()
    expect(await api.ended).toEqual({ code: 0, signal: null })
    // The caller keeps its connection open. The API does not wait for it during the whole grace period.
    expect(performance.now() - answered).toBeLessThan(100_000)
    await chaos.startWorker()
    await chaos.becomes(id, 'completed')
    await chaos.holds([id])
  })

  it('answers 503 on /readyz and still answers requests during SHUTDOWN_DELAY', async (test) => {
    const chaos = await startChaos(test, { queue: 'postgres', settings: { SHUTDOWN_DELAY: '15s' } })
    const api = await chaos.startApi()
    expect((await api.admin.get('/readyz')).status).toBe(200)
    api.signal('SIGTERM')
    await api.said('stopping: no new connections; requests on their way are answered')
    const { status, body } = await api.admin.get('/readyz')
    expect({ status, body }).toEqual({ status: 503, body: { status: 'stopping' } })
    const id = await api.ask()
    expect(await api.ended).toEqual({ code: 0, signal: null })
    await chaos.startWorker()
    await chaos.becomes(id, 'completed')
    await chaos.holds([id])
  })

  it('records the number of refusals that were not recorded one by one', async (test) => {
    const chaos = await startChaos(test, { queue: 'postgres' })
    const api = await chaos.startApi()
    for (let count = 0; count < 40; count++) {
      expect((await api.admin.post('/v1/exports', { dataset: 'users', format: 'pdf' })).status).toBe(422)
    }
    api.signal('SIGTERM')
    expect(await api.ended).toEqual({ code: 0, signal: null })
    const { rows } = await chaos.client.query(`SELECT count(*) FILTER (WHERE data ? 'code')::int AS written,
      sum((data ->> 'unrecordedBefore')::int)::int AS counted FROM waybill.audit_events WHERE type = 'export.refused'`)
    expect(rows[0].written + rows[0].counted).toBe(40)
    expect(rows[0].counted).toBeGreaterThan(0)
  })

  it('ends at once at the second signal', async (test) => {
    const chaos = await startChaos(test, { queue: 'postgres', settings: { SHUTDOWN_DELAY: '10m' } })
    const api = await chaos.startApi()
    api.signal('SIGTERM')
    await api.said('stopping: no new connections; requests on their way are answered')
    api.signal('SIGTERM')
    expect(await api.ended).toEqual({ code: 143, signal: null })
  })
})

/** Sends the request on a separate connection. */
async function isRefused(url: string): Promise<boolean> {
  try {
    await fetch(`${url}/healthz`, { headers: { connection: 'close' } })
    return false
  } catch (error) {
    return (error as { cause?: { code?: string } }).cause?.code === 'ECONNREFUSED'
  }
}
