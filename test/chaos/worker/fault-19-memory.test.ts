// Fault 19: a slow S3 and hundreds of thousands of rows in every format at once, and a value of 600 MB. Memory is constant.
import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { FORMAT_NAMES } from '@waybill/shared/vocabulary/export.ts'
import { beforeAll, describe, expect, it } from 'vitest'
import { WORKER_FLAGS, WORKER_MALLOC } from '../../bench/system/service.ts'
import type { Json } from '../../setup/api/api-client.ts'
import { useRig } from '../setup/rig.ts'

const FEW_ROWS = 50_000
const MANY_ROWS = 300_000

/** The test reads /proc, so it runs on Linux only. */
const rig = useRig({
  queue: 'redis',
  rows: MANY_ROWS,
  rowBytes: 20,
  // The options of `npm run worker`.
  settings: {
    WORKER_CONCURRENCY: '4',
    S3_UPLOAD_CONCURRENCY: '1',
    // Node does not accept --min-semi-space-size here.
    NODE_OPTIONS: WORKER_FLAGS.filter((flag) => !flag.startsWith('--min-')).join(' '),
    ...WORKER_MALLOC,
  },
})

/** The peak memory since the last reset, in megabytes. */
async function peak(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1024
}
const resetPeak = (pid: number) => writeFile(`/proc/${pid}/clear_refs`, '5')

async function exportAll(limit: number): Promise<number> {
  const { ask, ended, file, worker } = rig()
  await resetPeak(worker.pid)
  const columns = ['id', 'externalUserId', 'created_at']
  const ids = await Promise.all(FORMAT_NAMES.map((format) => ask({ dataset: 'users', format, columns, limit })))
  const files: Json[] = []
  for (const id of ids) files.push(await ended(id))
  const most = await peak(worker.pid)
  for (const done of files) {
    expect(done).toMatchObject({ status: 'completed', rowCount: limit, attempts: 1 })
    expect(
      createHash('sha256')
        .update(await file(done))
        .digest('hex'),
    ).toBe(done.sha256)
  }
  return most
}

it('the worker needs no more memory for six times the rows, in all formats at once, with a slow storage', async () => {
  const { s3Line } = rig()
  s3Line.throttle(20_000_000)
  const few = await exportAll(FEW_ROWS)
  const many = await exportAll(MANY_ROWS)
  expect(many - few, 'megabytes more').toBeLessThan(120)
})

describe('a value of 600 MB', () => {
  const WIDE = { dataset: 'users', format: 'ndjson', columns: ['id', 'externalUserId'], limit: 20 }

  // Not a constant, which Postgres would write into the plan for its parallel workers.
  const value = `repeat('0123456789', 60000000 + (random() * 0)::int)`

  beforeAll(() =>
    rig().client.query(`
      ALTER TABLE users RENAME TO narrow_users;
      CREATE VIEW users AS SELECT id, created_at, updated_at, "apiKey_used", oauth_user_id, CASE
        WHEN "externalUserId" LIKE 'user-1-%' THEN ${value} ELSE "externalUserId" END AS "externalUserId"
      FROM narrow_users`),
  )

  it('is cut in a preview, and the memory of the API stays constant', async () => {
    const api = await rig().startApi()
    const narrow = await api.admin.post('/v1/exports/preview', { ...WIDE, columns: ['id'] })
    expect(narrow.status).toBe(200)
    await resetPeak(api.pid)
    const before = await peak(api.pid)
    const { status, body } = await api.admin.post('/v1/exports/preview', WIDE)
    expect(status).toBe(200)
    expect(body.cutCells).toEqual([{ row: 0, column: 'externalUserId' }])
    expect(body.rows[0].externalUserId).toBe(`${'0123456789'.repeat(100)}…`)
    expect((await peak(api.pid)) - before, 'megabytes more').toBeLessThan(100)
  })

  it('is exported, and the worker does not lose the export beside it', async () => {
    const { ask, ended, worker, client } = rig()
    await resetPeak(worker.pid)
    const before = await peak(worker.pid)
    const ids = [await ask(WIDE), await ask({ dataset: 'users', format: 'csv', columns: ['id'] })]
    const [wide, narrow] = await Promise.all(ids.map((id) => ended(id)))
    expect(wide).toMatchObject({ status: 'completed', rowCount: 20, attempts: 1 })
    expect(wide.bytes).toBeGreaterThan(600_000_000)
    expect(narrow).toMatchObject({ status: 'completed', rowCount: MANY_ROWS, attempts: 1 })
    const { rows } = await client.query('SELECT lost FROM waybill.exports WHERE id = ANY($1)', [ids])
    expect(rows).toEqual([{ lost: 0 }, { lost: 0 }])
    expect((await peak(worker.pid)) - before, 'megabytes more').toBeLessThan(120)
  })
})
