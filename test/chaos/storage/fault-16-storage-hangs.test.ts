// Fault 16: S3 accepts requests and never answers. The attempt ends in time, and releases source and storage.
import { expect, it } from 'vitest'
import { type Fault, isUpload, type SeenRequest } from '../../setup/network/http-fault-proxy.ts'
import { useRig } from '../setup/rig.ts'
import { until } from '../setup/until.ts'

/** Two parts. */
const FILE = { dataset: 'users', format: 'csv' }
const SMALL_FILE = { ...FILE, limit: 100 }

/** Usually 12 s: S3_REQUEST_TIMEOUT four times, the delays between, and 2 s to close. The rest is for a busy machine. */
const GIVEN_UP_TIMEOUT_MS = 100_000

const rig = useRig({
  queue: 'redis',
  rows: 7_000,
  rowBytes: 1000,
  settings: { S3_REQUEST_TIMEOUT: '2s', WORKER_CONCURRENCY: '10' },
})

type Step = readonly [request: object, match: (request: SeenRequest) => boolean, fault: Fault, codes?: string[]]

const STEPS: readonly Step[] = [
  [FILE, isUpload.create, { kind: 'hang' }],
  [FILE, isUpload.create, { kind: 'hang-in-answer' }],
  [FILE, isUpload.part, { kind: 'hang' }],
  [FILE, isUpload.part, { kind: 'hang', afterBytes: 100_000 }],
  [FILE, isUpload.complete, { kind: 'hang' }],
  // The repeated completion finds no upload. An object may exist, but S3 has not confirmed it.
  [FILE, isUpload.complete, { kind: 'hang-in-answer' }, ['STORAGE_MISMATCH', 'STORAGE_UNAVAILABLE']],
  [SMALL_FILE, isUpload.whole, { kind: 'hang' }],
  [FILE, isUpload.head, { kind: 'hang' }],
  [SMALL_FILE, isUpload.manifest, { kind: 'hang' }],
]

it('an attempt ends in time when S3 hangs at any step of the upload, and the export is retried', async () => {
  const { s3, ask, lockUsers, retries, holds, ended, row, busyBackends } = rig()
  const held = await lockUsers()
  const ids: string[] = []
  for (const [request, match, fault] of STEPS) {
    const id = await ask(request)
    ids.push(id)
    s3.fail((seen) => seen.path.includes(id) && match(seen), fault)
  }
  await until('all run', async () => (await Promise.all(ids.map(row))).every(({ status }) => status === 'running'))
  const startedAt = performance.now()
  await held.release()
  const open = new Set(ids)
  const given = new Map<string, number>()
  await until('every attempt has ended', async () => {
    for (const id of open) {
      if ((await retries(id)).length === 0) continue
      open.delete(id)
      given.set(id, performance.now() - startedAt)
    }
    return open.size === 0
  }).catch(() => undefined)
  const describe = (id: string) => JSON.stringify(STEPS[ids.indexOf(id)]?.slice(2)) + STEPS[ids.indexOf(id)]?.[1].name
  expect([...open].map(describe), 'attempts that never ended').toEqual([])
  for (const [id, after] of given) expect(after, describe(id)).toBeLessThan(GIVEN_UP_TIMEOUT_MS)
  s3.restore()
  for (const [index, id] of ids.entries()) {
    expect(await ended(id)).toMatchObject({ status: 'completed' })
    for (const code of await retries(id))
      expect(STEPS[index]?.[3] ?? ['STORAGE_UNAVAILABLE'], describe(id)).toContain(code)
  }
  expect(await busyBackends()).toEqual([])
  await holds(ids)
})

it('the source is released while an export waits for S3, and later exports complete', async () => {
  const { s3Line, ask, retries, holds, ended, busyBackends, run } = rig()
  s3Line.stall()
  const id = await ask(SMALL_FILE)
  await until('an attempt has ended', async () => (await retries(id)).length > 0)
  s3Line.restore()
  expect(await ended(id)).toMatchObject({ status: 'completed' })
  expect(new Set(await retries(id))).toEqual(new Set(['STORAGE_UNAVAILABLE']))
  const later = await run(FILE)
  expect(later).toMatchObject({ status: 'completed' })
  expect(await busyBackends()).toEqual([])
  await holds([id, later.id])
})
