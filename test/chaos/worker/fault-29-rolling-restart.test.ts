// Fault 29: every process is restarted, one after the other, while exports run, wait and are requested.
import { describe, expect, it } from 'vitest'
import { QUEUE_BACKENDS } from '../../setup/system.ts'
import { startChaos } from '../setup/chaos.ts'
import { until } from '../setup/until.ts'

describe.concurrent.each(QUEUE_BACKENDS)('fault 29, queue on %s', (queue) => {
  it('no export is lost, doubled or charged with an attempt by a rolling restart', async (test) => {
    const chaos = await startChaos(test, { queue, settings: { SHUTDOWN_GRACE: '200ms' } })
    const [api, ...workers] = await Promise.all([chaos.startApi(), chaos.startWorker(), chaos.startWorker()])
    const users = await chaos.lockUsers()
    const ids: string[] = []
    for (let count = 0; count < 6; count++) ids.push(await api.ask())
    // Each worker runs two; the others wait for their turn.
    await until('four exports run', async () => {
      const states = await Promise.all(ids.map((id) => chaos.row(id)))
      return states.filter(({ status }) => status === 'running').length === 4
    })
    for (const old of workers) {
      await chaos.startWorker()
      ids.push(await api.ask())
      expect(await old.stop()).toEqual({ code: 0, signal: null })
    }
    const nextApi = await chaos.startApi()
    ids.push(await api.ask())
    expect(await api.stop()).toEqual({ code: 0, signal: null })
    ids.push(await nextApi.ask())
    await users.release()
    for (const id of ids) expect(await chaos.becomes(id, 'completed')).toMatchObject({ attempts: 1 })
    await chaos.holds(ids)
  })
})
