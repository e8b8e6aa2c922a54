// Each time limit ends the attempt with its error code, and releases the source and the storage.
import { describe, expect, it } from 'vitest'
import { isUpload } from '../../setup/network/http-fault-proxy.ts'
import { useRig } from '../setup/rig.ts'
import { until } from '../setup/until.ts'

const FILE = { dataset: 'users', format: 'csv' }

describe('SOURCE_STATEMENT_TIMEOUT and SOURCE_IDLE_TIMEOUT', () => {
  const settings = {
    SOURCE_STATEMENT_TIMEOUT: '3s',
    SOURCE_IDLE_TIMEOUT: '8s',
    S3_REQUEST_TIMEOUT: '2m',
  }
  const rig = useRig({ queue: 'redis', rows: 30_000, rowBytes: 1000, settings })

  it('a statement over the limit is canceled with SOURCE_TIMEOUT, and the export is retried', async () => {
    const { lockUsers, ask, retries, ended, holds } = rig()
    const held = await lockUsers()
    const id = await ask({ ...FILE, limit: 10 })
    await until('an attempt has ended', async () => (await retries(id)).length > 0)
    await held.release()
    expect(await ended(id)).toMatchObject({ status: 'completed' })
    expect(new Set(await retries(id))).toEqual(new Set(['SOURCE_TIMEOUT']))
    await holds([id])
  })

  it('a read over the idle limit is ended by the server, and the export reads a new snapshot', async () => {
    const { s3, ask, reading, retries, ended, holds, busyBackends } = rig()
    // S3 stops reading, so no more rows are read. The time limit of S3 is longer.
    const rule = s3.fail(isUpload.part, { kind: 'hang' })
    const id = await ask(FILE)
    await reading(id)
    await until('the parts hang', () => rule.hits > 0)
    await until('the server has ended the snapshot', async () => (await busyBackends()).length === 0)
    s3.restore()
    expect(await ended(id)).toMatchObject({ status: 'completed', rowCount: 30_000 })
    expect(new Set(await retries(id))).toEqual(new Set(['SOURCE_UNAVAILABLE']))
    await holds([id])
  })
})

describe('EXPORT_TIMEOUT', () => {
  const rig = useRig({ queue: 'redis', rows: 100, settings: { EXPORT_TIMEOUT: '2s' } })

  it.each([
    ['waits for the source', () => rig().lockUsers()],
    ['waits for the storage', async () => rig().s3.fail(isUpload.whole, { kind: 'hang' })],
    ['waits for the storage to take the manifest', async () => rig().s3.fail(isUpload.manifest, { kind: 'hang' })],
  ])(
    'an export that %s fails when its time is over, and releases the source and the storage',
    async (_name, obstruct) => {
      const { ask, ended, holds, busyBackends, s3 } = rig()
      const obstacle = await obstruct()
      const id = await ask(FILE)
      const done = await ended(id)
      expect(done).toMatchObject({ status: 'failed', attempts: 1, error: { code: 'EXPORT_TIMEOUT' } })
      expect(done.error.message).toContain('EXPORT_TIMEOUT')
      await until('the source is released', async () => (await busyBackends()).length === 0)
      await until('the storage is released', () => s3.hanging === 0)
      if ('release' in obstacle) await obstacle.release()
      await holds([id])
    },
  )
})
