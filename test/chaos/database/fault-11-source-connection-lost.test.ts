// Fault 11: the source fails during the read. The next attempt reads a new snapshot from the start; no file mixes two.
import { parse } from 'csv-parse/sync'
import { expect, it } from 'vitest'
import { type Rig, useRig } from '../setup/rig.ts'
import { until } from '../setup/until.ts'

/** 30 MB: more than the buffers between the server and the worker hold. */
const ROWS = 12_000

const rig = useRig({
  queue: 'redis',
  rows: ROWS,
  rowBytes: 2_500,
  settings: { SOURCE_STATEMENT_TIMEOUT: '5s', SOURCE_IDLE_TIMEOUT: '10s' },
})

/** The year of each row is the number of its generation. */
const turn = ({ client }: Rig, year: number) =>
  client.query('UPDATE users SET updated_at = make_timestamptz($1, 1, 1, 0, 0, 0)', [year])

async function startReading({ source, ask, reading }: Rig): Promise<string> {
  source.throttle(600_000)
  const id = await ask({ dataset: 'users', format: 'csv' })
  await reading(id)
  return id
}

/** @param end of the first attempt: `released` does not spend it */
async function expectOnly(year: number, id: string, end: 'released' | 'retrying'): Promise<void> {
  const { ended, file, holds, story } = rig()
  const done = await ended(id)
  expect(done).toMatchObject({ status: 'completed', rowCount: ROWS, attempts: end === 'released' ? 1 : 2 })
  const rows: Record<string, string>[] = parse(await file(done), { columns: true })
  expect(new Set(rows.map((row) => row.updated_at?.slice(0, 4)))).toEqual(new Set([String(year)]))
  expect(new Set(rows.map((row) => row.id)).size).toBe(ROWS)
  expect(await story(id)).toEqual(['requested', 'started', end, 'started', 'completed'])
  await holds([id])
}

it('a file holds one snapshot after the backend of its read was terminated', async () => {
  const { client, source, busyBackends, retries } = rig()
  await turn(rig(), 2001)
  const id = await startReading(rig())
  await turn(rig(), 2002)
  const killed = await client.query('SELECT pg_terminate_backend(pid) FROM unnest($1::int[]) AS pid', [
    await busyBackends(),
  ])
  expect(killed.rowCount).toBe(1)
  source.restore()
  await expectOnly(2002, id, 'released')
  expect(await retries(id)).toEqual(['SOURCE_UNAVAILABLE'])
})

it('a file holds one snapshot after the connection of its read was cut', async () => {
  const { source, retries } = rig()
  await turn(rig(), 2003)
  const id = await startReading(rig())
  await turn(rig(), 2004)
  await source.cutAfter(30_000, 'downstream')
  source.restore()
  await expectOnly(2004, id, 'released')
  expect(await retries(id)).toEqual(['SOURCE_UNAVAILABLE'])
})

it('an attempt ends in time when its connection stops answering, and frees its slot and its backend', async () => {
  const { source, retries, run } = rig()
  await turn(rig(), 2005)
  const id = await startReading(rig())
  await turn(rig(), 2006)
  source.freeze()
  source.restore()
  const startedAt = performance.now()
  // The other slot keeps working.
  expect(await run({ dataset: 'users', format: 'ndjson', limit: 10 })).toMatchObject({ status: 'completed' })
  await until('the attempt has ended', async () => (await retries(id)).length === 1)
  // Usually 20 s: SOURCE_STATEMENT_TIMEOUT, 10 s more for the server to react, and 5 s to close.
  expect(performance.now() - startedAt).toBeLessThan(100_000)
  await until('the worker has closed the connection instead of using it again', () => source.silent === 0)
  // Each side ends the connection without a message of the other. The server's limit is SOURCE_IDLE_TIMEOUT.
  await expectOnly(2006, id, 'retrying')
})
