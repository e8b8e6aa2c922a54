// Faults 12 to 14: rows change during the export, share a timestamp or have none, and the database does not use UTC.
import { createHash } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import type { Column } from '@waybill/shared/vocabulary/table.ts'
import { expect, it } from 'vitest'
import { READERS } from '../../unit/formats/readers.ts'
import { useRig } from '../setup/rig.ts'
import { until } from '../setup/until.ts'

const REQUESTS = [
  { format: 'csv' },
  { format: 'csv', compression: 'gzip' },
  { format: 'json' },
  { format: 'ndjson' },
  { format: 'xlsx' },
] as const
const COLUMNS: readonly Column[] = [
  { name: 'id', kind: 'uuid' },
  { name: 'externalUserId', kind: 'text' },
]

const rig = useRig({
  queue: 'postgres',
  rows: 2_000,
  rowBytes: 300,
  settings: { WORKER_CONCURRENCY: '6' },
})

/** The documented order: by time, rows without a time last, equal times by id. */
const usersInOrder = async () => {
  const { rows } = await rig().client.query<[string, string]>({
    text: 'SELECT id, "externalUserId" FROM users ORDER BY created_at NULLS LAST, id',
    rowMode: 'array',
  })
  return rows
}

it('a file holds exactly the snapshot in every format while rows are inserted, changed and deleted', async () => {
  const { client, source, ask, reading, ended, file, holds } = rig()
  // Thousands of rows have the same time, and some have none.
  await client.query(`UPDATE users SET created_at = '2026-03-01' WHERE "externalUserId" ~ '^user-1'`)
  await client.query(`UPDATE users SET created_at = NULL WHERE "externalUserId" ~ '^user-2'`)
  const expected = await usersInOrder()
  source.throttle(250_000)
  const columns = COLUMNS.map(({ name }) => name)
  const ids = await Promise.all(REQUESTS.map((request) => ask({ dataset: 'users', columns, ...request })))
  await Promise.all(ids.map(reading))
  await client.query(`WITH deleted AS (DELETE FROM users WHERE "externalUserId" ~ '[05]-' RETURNING id),
      changed AS (UPDATE users SET "externalUserId" = 'changed-' || id, created_at = now() WHERE "externalUserId" ~ '[27]-')
    INSERT INTO users (id, "externalUserId", created_at)
      SELECT gen_random_uuid(), 'late-' || i, CASE WHEN i % 2 = 0 THEN now() END FROM generate_series(1, 1000) i`)
  expect(new Set((await Promise.all(ids.map(async (id) => (await rig().row(id)).status))).values())).toEqual(
    new Set(['running']),
  )
  source.restore()
  for (const [index, request] of REQUESTS.entries()) {
    const done = await ended(String(ids[index]))
    expect(done).toMatchObject({ status: 'completed', rowCount: expected.length, attempts: 1 })
    const stored = await file(done)
    const bytes = done.compression === 'gzip' ? gunzipSync(stored) : stored
    const read = READERS[request.format].read(bytes, COLUMNS).rows
    const seen = read.map((row) => row.map((cell) => String((cell as { text?: string } | null)?.text ?? cell)))
    expect(seen).toEqual(expected)
  }
  await holds(ids)
})

it('a file has the same bytes with another TimeZone and DateStyle', async () => {
  const { client, run, holds } = rig()
  await client.query(`UPDATE users SET created_at = created_at + interval '123456 microseconds'`)
  const request = { dataset: 'users', format: 'csv', columns: ['created_at', 'id'] }
  const before = await run(request)
  const { rows } = await client.query<{ name: string }>('SELECT current_database() AS name')
  const name = rows[0]?.name
  for (const setting of [`TimeZone = 'Asia/Kathmandu'`, `DateStyle = 'SQL, DMY'`, 'extra_float_digits = -15']) {
    await client.query(`ALTER DATABASE ${name} SET ${setting}`)
  }
  const { rowCount } = await client.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND application_name = 'waybill-worker-source'`,
  )
  expect(rowCount, 'the settings are for new sessions').toBeGreaterThan(0)
  await until('the worker has closed its connections', () => rig().source.connections === 0)
  const after = await run(request)
  expect(after).toMatchObject({ status: 'completed', rowCount: before.rowCount })
  expect(after.sha256).toBe(before.sha256)
  const text = (await rig().file(after)).toString('utf8')
  expect(text).toMatch(/^2026-\d\d-\d\dT\d\d:\d\d:\d\d\.123456Z,/m)
  expect(createHash('sha256').update(text).digest('hex')).toBe(after.sha256)
  await holds([before.id, after.id])
})
