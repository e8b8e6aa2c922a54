// A file that has expired, or was deleted, is removed from the bucket by the reconciler.
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { expectProblem } from '../../setup/api/problem.ts'
import { look } from '../../setup/bucket.ts'
import { type HttpFaultProxy, s3Error, startHttpFaultProxy } from '../../setup/network/http-fault-proxy.ts'
import { startTestSystem, type TestSystem } from '../../setup/system.ts'

let s3: HttpFaultProxy
let system: TestSystem
beforeAll(async () => {
  s3 = await startHttpFaultProxy(inject('s3').endpoint)
  const settings = { EXPORT_TTL: '2s', RECONCILE_INTERVAL: '100ms', S3_ENDPOINT: s3.endpoint }
  system = await startTestSystem({ settings })
})
afterAll(async () => {
  await system.stop()
  await s3.close()
})

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

it('a file that the storage cannot delete yet is answered with 202, and is removed later', async () => {
  const { id } = await system.admin.export({ dataset: 'users', format: 'csv' })
  const fault = s3.fail(({ method }) => method === 'DELETE', s3Error(503, 'SlowDown'))
  const remove = async () => (await system.admin.delete(`/v1/exports/${id}`)).status
  expect(await remove()).toBe(202)
  expect(await remove(), 'again').toBe(202)
  expectProblem(await system.admin.get(`/v1/exports/${id}/download`), 410, 'EXPORT_EXPIRED')
  fault.remove()
  await expect.poll(remove).toBe(204)
  expect((await look(`${system.config.S3_PREFIX}exports/${id}/`)).objects).toEqual([])
})
