// A busy machine and a slow database are no outage: the API answers late, and it does not answer 503.
import { type ChildProcess, spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { expect, it } from 'vitest'
import { startChaos } from '../setup/chaos.ts'

/** The delay in each direction, so each statement takes at least twice this time. */
const DELAY_MS = 700

/** A limit for the processes, in case the test does not end them. */
const BUSY_LOOP = 'const end = Date.now() + 120_000; while (Date.now() < end);'

it('the API answers no 503 while every statement takes seconds', async (test) => {
  const chaos = await startChaos(test, { queue: 'postgres' })
  const database = await chaos.proxy('DATABASE_URL')
  const api = await chaos.startApi({ DATABASE_URL: database.through(String(chaos.settings.DATABASE_URL)) })
  const busy = Array.from({ length: 2 * availableParallelism() }, startBusyProcess)
  chaos.defer(() => {
    for (const child of busy) child.kill('SIGKILL')
  })
  database.delay(DELAY_MS)
  const read = (path: string) => async () => (await api.admin.get(path)).status
  const create = async () => (await api.admin.post('/v1/exports', { dataset: 'users', format: 'csv' })).status
  const requests = [read('/v1/me'), read('/v1/exports'), create, read('/v1/datasets'), create]
  const statuses = await Promise.all(requests.map((request) => request()))
  expect(statuses).toEqual([200, 200, 202, 200, 202])
  database.restore()
})

function startBusyProcess(): ChildProcess {
  return spawn(process.execPath, ['-e', BUSY_LOOP], { stdio: 'ignore' })
}
