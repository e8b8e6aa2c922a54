// Fault 15: S3 answers 500 or 503, or connections break. Requests are repeated, and the object is complete.
import { expect, it } from 'vitest'
import { type Fault, isUpload, type SeenRequest, s3Error } from '../../setup/network/http-fault-proxy.ts'
import { startChaos } from '../setup/chaos.ts'
import { useRig } from '../setup/rig.ts'

/** Two parts. */
const FILE = { dataset: 'users', format: 'csv' }
const SMALL_FILE = { ...FILE, limit: 100 }

const rig = useRig({
  queue: 'redis',
  rows: 7_000,
  rowBytes: 1000,
  settings: { WORKER_CONCURRENCY: '8' },
})

const secondPart = (request: SeenRequest) => isUpload.part(request) && request.query.get('partNumber') === '2'

type Failure = readonly [name: string, request: object, match: (request: SeenRequest) => boolean, fault: Fault]

const FAILURES: readonly Failure[] = [
  ['a part is answered 500', FILE, secondPart, s3Error(500, 'InternalError')],
  ['a part is answered 503', FILE, secondPart, s3Error(503, 'SlowDown')],
  ['a part is reset in its middle', FILE, secondPart, { kind: 'reset', afterBytes: 1_000_000 }],
  ['a part arrives, and its answer is lost', FILE, secondPart, { kind: 'lose-answer' }],
  ['the upload cannot be begun', FILE, isUpload.create, s3Error(503, 'SlowDown')],
  ['the upload is begun, and the answer is lost', FILE, isUpload.create, { kind: 'lose-answer' }],
  ['the completion is answered 500', FILE, isUpload.complete, s3Error(500, 'InternalError')],
  ['the check of what is stored is reset', FILE, isUpload.head, { kind: 'reset' }],
  ['a small file is answered 503', SMALL_FILE, isUpload.whole, s3Error(503, 'SlowDown')],
  ['the manifest arrives, and its answer is lost', SMALL_FILE, isUpload.manifest, { kind: 'lose-answer' }],
]

it('an export completes in one attempt when S3 fails three times at each step of the upload', async () => {
  const { s3, ask, ended, lockUsers, holds } = rig()
  const held = await lockUsers()
  const rules = new Map<string, { name: string; hits(): number }>()
  for (const [name, request, match, fault] of FAILURES) {
    const id = await ask(request)
    // The client makes four attempts.
    const rule = s3.fail((seen) => seen.path.includes(id) && match(seen), fault, { times: 3 })
    rules.set(id, { name, hits: () => rule.hits })
  }
  await held.release()
  for (const [id, { name, hits }] of rules) {
    expect(await ended(id), name).toMatchObject({ status: 'completed', attempts: 1 })
    expect(hits(), name).toBe(3)
  }
  await holds([...rules.keys()])
})

it('an export has one object when the answer to the completion of its upload is lost', async () => {
  const { s3, run, holds, story } = rig()
  const rule = s3.fail(isUpload.complete, { kind: 'lose-answer' }, { times: 1 })
  const done = await run(FILE)
  expect(rule.hits).toBe(1)
  expect(done).toMatchObject({ status: 'completed', rowCount: 7_000 })
  // Reading the export hands out a link.
  expect((await story(done.id)).at(-1)).toBe('completed')
  await holds([done.id])
})

it('an export fails at its deadline and leaves no object when S3 keeps failing', async (test) => {
  const chaos = await startChaos(test, { queue: 'postgres', settings: { EXPORT_DEADLINE: '6s' } })
  const s3 = await chaos.proxy('S3_ENDPOINT')
  const [api] = await Promise.all([
    chaos.startApi(),
    chaos.startWorker({ S3_ENDPOINT: s3.through(String(chaos.settings.S3_ENDPOINT)) }),
  ])
  s3.refuse()
  const done = await api.admin.export(SMALL_FILE)
  expect(done).toMatchObject({ status: 'failed', error: { code: 'STORAGE_UNAVAILABLE', retryable: true } })
  expect(done.error.message).toContain('EXPORT_DEADLINE')
  expect((await chaos.story(done.id)).slice(0, 3)).toEqual(['requested', 'started', 'released'])
  s3.restore()
  await chaos.holds([done.id])
})
