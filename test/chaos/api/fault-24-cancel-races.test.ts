// Fault 24: a cancel at the same time as the completion.
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { QUEUE_BACKENDS } from '../../setup/system.ts'
import { startChaos } from '../setup/chaos.ts'
import { until } from '../setup/until.ts'

const RACES = 60
/** About the duration of such an export in milliseconds, so that the cancels hit all of its steps. */
const MAX_DELAY_MS = 250

describe.concurrent.each(QUEUE_BACKENDS)('fault 24, queue on %s', (queue) => {
  it('an export that is canceled while it completes has one terminal state, and a file only if it completed', async (test) => {
    const chaos = await startChaos(test, { queue })
    const [api, other] = await Promise.all([chaos.startApi(), chaos.startApi(), chaos.startWorkers(2)])
    const ids: string[] = []
    const answers: number[] = []
    const race = async (delay: number) => {
      const id = await api.ask({ limit: 100 })
      ids.push(id)
      await sleep(delay)
      answers.push((await other.admin.post(`/v1/exports/${id}/cancel`, {})).status)
    }
    for (let first = 0; first < RACES; first += 4) {
      await Promise.all([0, 1, 2, 3].map((next) => race(((first + next) / RACES) * MAX_DELAY_MS)))
    }
    await until('all have ended', async () => {
      const { rowCount } = await chaos.client.query(
        `SELECT FROM waybill.exports WHERE status NOT IN ('completed', 'canceled')`,
      )
      return rowCount === 0
    })
    const { rows } = await chaos.client.query<{ status: string; count: number }>(
      'SELECT status, count(*)::int AS count FROM waybill.exports GROUP BY status',
    )
    const ended = Object.fromEntries(rows.map(({ status, count }) => [status, count]))
    // The response to the cancel matches the final state: 202 means canceled, 409 means that the export had ended.
    expect(ended.canceled ?? 0).toBe(answers.filter((status) => status === 202).length)
    expect(ended.completed ?? 0).toBe(answers.filter((status) => status === 409).length)
    expect(ended.canceled, 'the race was one').toBeGreaterThan(0)
    await chaos.holds(ids)
  })
})
