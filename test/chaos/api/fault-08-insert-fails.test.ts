// Fault 8: when an export is requested, the database is unavailable or refuses the row.
import { describe, expect, it } from 'vitest'
import { expectProblem } from '../../setup/api/problem.ts'
import { QUEUE_BACKENDS } from '../../setup/system.ts'
import { startChaos } from '../setup/chaos.ts'
import { until } from '../setup/until.ts'

/**
 * Milliseconds until the 503. Usually it comes at once if the database refuses, and after the time limit of a statement, 15
 * s, if it does not answer. The rest is for a busy machine.
 */
const REFUSED_TIMEOUT_MS = 10_000
const SILENT_TIMEOUT_MS = 45_000

const REQUEST = { dataset: 'users', format: 'csv' }

describe.concurrent.each(QUEUE_BACKENDS)('fault 8, queue on %s', (queue) => {
  it.for([
    { does: 'refuses connections', fault: 'refuse', timeoutMs: REFUSED_TIMEOUT_MS },
    { does: 'does not answer', fault: 'stall', timeoutMs: SILENT_TIMEOUT_MS },
  ] as const)('answers 503 while the database $does, and works again without a restart', async (outage, test) => {
    const { fault, timeoutMs } = outage
    const chaos = await startChaos(test, { queue })
    const database = await chaos.proxy('DATABASE_URL')
    const through = { DATABASE_URL: database.through(String(chaos.settings.DATABASE_URL)) }
    const [api, worker] = await Promise.all([chaos.startApi(through), chaos.startWorker(through)])
    const before = await api.ask()
    await chaos.becomes(before, 'completed')

    database[fault]()
    const startedAt = performance.now()
    const answers = await Promise.all([1, 2, 3].map(() => api.admin.post('/v1/exports', REQUEST)))
    expect(performance.now() - startedAt).toBeLessThan(timeoutMs)
    for (const answer of answers) {
      expectProblem(answer, 503, 'DATABASE_UNAVAILABLE')
      expect(answer.headers.get('retry-after')).toMatch(/^\d+$/)
    }
    database.restore()
    const after = await until('the API answers 202 again', () => api.ask().catch(() => undefined))
    await chaos.becomes(after, 'completed')
    expect([api.exit(), worker.exit()]).toEqual([undefined, undefined])
    const { rows } = await chaos.client.query<{ id: string }>('SELECT id FROM waybill.exports ORDER BY id')
    expect(rows.map(({ id }) => id)).toEqual([before, after])
    await chaos.holds([before, after])
  })

  it('adds no job when the row cannot be written', async (test) => {
    const chaos = await startChaos(test, { queue, ownQueue: true })
    const api = await chaos.startApi()
    await chaos.client.query(`
      CREATE FUNCTION no_space() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$;
      CREATE TRIGGER no_space AFTER INSERT ON waybill.exports FOR EACH ROW EXECUTE FUNCTION no_space()`)
    const answer = await api.admin.post('/v1/exports', REQUEST)
    expectProblem(answer, 503, 'DATABASE_UNAVAILABLE')
    expect(await chaos.queue.jobs()).toBe(0)
    const { rowCount } = await chaos.client.query('SELECT FROM waybill.exports')
    expect(rowCount).toBe(0)
    await chaos.client.query('DROP TRIGGER no_space ON waybill.exports')
    const id = await api.ask()
    expect(await chaos.queue.jobs()).toBe(1)
    await chaos.startWorker()
    await chaos.becomes(id, 'completed')
    await chaos.holds([id])
  })
})
