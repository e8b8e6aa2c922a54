// Fault 24: a cancel stops the read and the upload of an export.
import { describe, expect, it } from 'vitest'
import { QUEUE_BACKENDS } from '../../setup/system.ts'
import { type Chaos, startChaos } from '../setup/chaos.ts'
import { until } from '../setup/until.ts'

/** Ten times the guaranteed 2 s, for a busy machine. Without the cancel, each of these exports would take longer. */
const STOPPED_TIMEOUT_MS = 20_000

describe.concurrent('fault 24, a cancel sent to another API process', () => {
  it('stops a read that waits for a lock in the source', async (test) => {
    const chaos = await startChaos(test, { queue: 'postgres' })
    const [api, other] = await Promise.all([chaos.startApi(), chaos.startApi(), chaos.startWorker()])
    await chaos.lockUsers()
    const id = await api.ask()
    await until('the source works on it', () => reads(chaos, 'active'))
    expect((await other.admin.post(`/v1/exports/${id}/cancel`, {})).status).toBe(202)
    await until('the read has stopped', async () => !(await reads(chaos)), STOPPED_TIMEOUT_MS)
    await chaos.holds([id])
  })

  it('stops a long sort before the first row', async (test) => {
    const chaos = await startChaos(test, { queue: 'redis', rows: 5_000 })
    // The sort reads 5,000 rows of 10 ms each before it returns the first.
    await chaos.client.query(`
      ALTER TABLE users RENAME TO slow_users;
      CREATE VIEW users AS SELECT * FROM slow_users WHERE pg_sleep(0.01) IS NOT NULL`)
    const [api, other] = await Promise.all([chaos.startApi(), chaos.startApi(), chaos.startWorker()])
    const id = await api.ask()
    await until('the source sorts', () => reads(chaos, 'active', 'COPY'))
    expect((await other.admin.post(`/v1/exports/${id}/cancel`, {})).status).toBe(202)
    await until('the read has stopped', async () => !(await reads(chaos)), STOPPED_TIMEOUT_MS)
    await chaos.holds([id])
  })

  it('stops an upload to a storage that hangs, and leaves no object', async (test) => {
    const chaos = await startChaos(test, { queue: 'postgres', rows: 12_000, rowBytes: 1000 })
    const s3 = await chaos.proxy('S3_ENDPOINT')
    const [api, other] = await Promise.all([
      chaos.startApi(),
      chaos.startApi(),
      chaos.startWorker({ S3_ENDPOINT: s3.through(String(chaos.settings.S3_ENDPOINT)) }),
    ])
    s3.throttle(4_000_000)
    const id = await api.ask()
    await chaos.uploading(id)
    s3.stall()
    expect((await other.admin.post(`/v1/exports/${id}/cancel`, {})).status).toBe(202)
    await until('the source is free', async () => !(await reads(chaos)), STOPPED_TIMEOUT_MS)
    s3.restore()
    await chaos.holds([id])
    await chaos.becomes(await api.ask({ limit: 1 }), 'completed')
  })
})

describe.concurrent.each(QUEUE_BACKENDS)('fault 24, queue on %s', (queue) => {
  it('a worker never starts an export that was canceled in the queue', async (test) => {
    const chaos = await startChaos(test, { queue })
    const api = await chaos.startApi()
    const canceled = await api.ask()
    const wanted = await api.ask()
    expect((await api.admin.post(`/v1/exports/${canceled}/cancel`, {})).status).toBe(202)
    await chaos.startWorker()
    await chaos.becomes(wanted, 'completed')
    expect(await chaos.story(canceled)).toEqual(['requested', 'canceled'])
    await chaos.holds([canceled, wanted])
  })
})

/** Whether the source has an active query or an open transaction of a worker. */
async function reads(chaos: Chaos, state = '', query = ''): Promise<boolean> {
  const { rowCount } = await chaos.client.query(
    `SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'waybill-worker-source'
       AND state <> 'idle' AND state LIKE $1 || '%' AND query LIKE $2 || '%'`,
    [state, query],
  )
  return rowCount !== 0
}
