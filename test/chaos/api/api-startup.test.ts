// Start of the processes: an API that is ready accepts the key of its settings; a worker that is ready is registered.
import { spawnSync } from 'node:child_process'
import { expect, it } from 'vitest'
import { createApiClient } from '../../setup/api/api-client.ts'
import { startChaos } from '../setup/chaos.ts'
import { until } from '../setup/until.ts'

it('the API is not ready before the key of its settings is stored as an admin key', async (test) => {
  const chaos = await startChaos(test, { queue: 'postgres' })
  const held = await chaos.hold(`SELECT pg_advisory_xact_lock(hashtextextended('waybill.api_keys', 0))`)
  const starting = chaos.startApi()
  const [program] = chaos.programs()
  if (program === undefined) throw new Error('the API was not started')
  const { port } = await program.said('api listens')
  const client = createApiClient(`http://127.0.0.1:${port}`, String(chaos.settings.BOOTSTRAP_API_KEY))
  await until('the key waits in the database', async () => (await chaos.blocked('pg_advisory_xact_lock'))[0])
  const dependencies = { database: 'ok', source: 'ok', queue: 'ok', storage: 'ok' }
  const before = await client.get('/readyz')
  expect({ status: before.status, body: before.body }).toEqual({
    status: 503,
    body: { status: 'starting', dependencies },
  })
  await held.release()
  await until('it is ready', async () => (await client.get('/readyz')).status === 200)
  expect((await client.get('/v1/me')).status).toBe(200)
  await starting
})

it('a worker with WORKER_PORT is ready once it is registered, and serves its metrics to the owner of the token', async (test) => {
  const chaos = await startChaos(test, { queue: 'postgres' })
  const held = await chaos.hold('LOCK TABLE waybill.workers IN ACCESS EXCLUSIVE MODE')
  const METRICS_TOKEN = 'a-token-for-prometheus'
  const worker = await chaos.startWorker({ WORKER_PORT: '0', METRICS_TOKEN })
  const { port } = await worker.said('worker started')
  const read = async (path: string, headers = {}) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers })
    return { status: response.status, body: await response.text() }
  }
  const checkHealth = (path: string) => {
    const env = { PATH: process.env.PATH ?? '', WORKER_PORT: String(port), PORT: '1' }
    return spawnSync(process.execPath, ['scripts/check-health.mjs', path], { env }).status
  }
  expect(await read('/readyz')).toEqual({ status: 503, body: '{"status":"starting"}\n' })
  expect((await read('/healthz')).status).toBe(200)
  expect([checkHealth('/readyz'), checkHealth('/healthz')]).toEqual([1, 0])
  await held.release()
  await until('it is registered', async () => (await read('/readyz')).status === 200)
  expect(checkHealth('/readyz')).toBe(0)

  expect((await read('/metrics')).status).toBe(401)
  const { status, body } = await read('/metrics', { authorization: `Bearer ${METRICS_TOKEN}` })
  expect(status).toBe(200)
  expect(body).toContain('process_resident_memory_bytes')
  expect((await read('/v1/exports')).status).toBe(404)
  await worker.stop()
  expect(checkHealth('/healthz')).toBe(1)
})
