// An API and a worker with different datasets: the export fails at once, without retries.

import { GAME_DATASETS } from '@waybill/shared/datasets/index.ts'
import { createDatasets } from '@waybill/shared/datasets/registry.ts'
import { createLogger } from '@waybill/shared/process/log.ts'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type RunningWorker, startWorker } from '../../../apps/worker/src/worker.ts'
import { datasets } from '../../../examples/shop/datasets.ts'
import { startTestSystem, type TestSystem } from '../../setup/system.ts'

let system: TestSystem
let worker: RunningWorker
beforeAll(async () => {
  system = await startTestSystem({ datasets, worker: false })
  const log = createLogger('test', 'fatal')
  worker = startWorker({ config: system.config, datasets: createDatasets(GAME_DATASETS), log, ...system.connections })
})
afterAll(async () => {
  await worker.stop(5_000)
  await system.stop()
})

it('an export of a dataset that the worker does not have fails at the first attempt', async () => {
  const announced = (await system.admin.get('/v1/datasets')).body.items.map(({ name }: { name: string }) => name)
  expect(announced).toEqual(expect.arrayContaining(['users', 'orders', 'customers']))
  const failed = await system.admin.export({ dataset: 'orders', format: 'csv' })
  expect(failed).toMatchObject({ status: 'failed', attempts: 1, error: { code: 'DATASET_UNKNOWN', retryable: false } })
})
