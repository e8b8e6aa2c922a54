// An expired file is removed from the bucket by the reconciler.
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { expectProblem } from '../../setup/api/problem.ts'
import { look } from '../../setup/bucket.ts'
import { startTestSystem, type TestSystem } from '../../setup/system.ts'

let system: TestSystem
beforeAll(async () => {
  system = await startTestSystem({ settings: { EXPORT_TTL: '2s', RECONCILE_INTERVAL: '100ms' } })
})
afterAll(() => system.stop())

it('an expired file is removed with its manifest, its row stays, and its link is refused', async () => {
  const done = await system.admin.export({ dataset: 'users', format: 'csv' })
  expect(done.status).toBe('completed')
  expect(Date.parse(done.download.expiresAt)).toBeLessThanOrEqual(Date.parse(done.expiresAt) + 1_000)
  const prefix = `${system.config.S3_PREFIX}exports/${done.id}/`
  expect((await look(prefix)).objects).toHaveLength(2)

  const get = async () => (await system.admin.get(`/v1/exports/${done.id}`)).body
  while ((await get()).status === 'completed') await sleep(50)
  expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(done.expiresAt))
  while ((await look(prefix)).objects.length > 0) await sleep(50)
  expect(await get()).toMatchObject({ status: 'expired', rowCount: 0, sha256: done.sha256 })
  expectProblem(await system.admin.get(`/v1/exports/${done.id}/download`), 410, 'EXPORT_EXPIRED')
  const { items } = (await system.admin.get(`/v1/exports/${done.id}/events`)).body
  expect(items.at(-1)).toMatchObject({ type: 'export.expired', actor: expect.stringMatching(/^worker:/) })
  expect((await system.admin.get(`/v1/exports/${done.id}/manifest`)).body.sha256, 'the proof stays').toBe(done.sha256)
})
