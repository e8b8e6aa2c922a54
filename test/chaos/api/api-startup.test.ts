// Start of the API: when it is ready, the key from its settings is valid.
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
