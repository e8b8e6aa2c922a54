// Fault 19: a slow S3 and hundreds of thousands of rows in every format at once. The memory of the worker is constant.
import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { FORMAT_NAMES } from '@waybill/shared/vocabulary/export.ts'
import { expect, it } from 'vitest'
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
