// The worker process: reads the settings, connects, and runs jobs until it receives a stop signal.

import { loadDatasetsOrExit } from '@waybill/shared/own-datasets/start.ts'
import { createLogger } from '@waybill/shared/process/log.ts'
import { describeProcess } from '@waybill/shared/process/metrics.ts'
import { untilSignal } from '@waybill/shared/process/signals.ts'
import { readConfigOrExit } from '@waybill/shared/settings/read.ts'
import { connect } from '@waybill/shared/wiring.ts'
import { startHealthServer } from './health/server.ts'
import { startStorageCheck } from './upkeep/storage-check.ts'
import { startWorker } from './worker.ts'

const config = readConfigOrExit()
const log = createLogger('worker', config.LOG_LEVEL)
const datasets = await loadDatasetsOrExit(config, log)
const connections = connect(config, 'waybill-worker', log)

const worker = startWorker({ config, datasets, log, ...connections })
const healthServer =
  config.WORKER_PORT === undefined
    ? undefined
    : await startHealthServer({
        ...{ config, log, port: config.WORKER_PORT, registry: describeProcess() },
        health: () => worker.health(),
      })
log.info({ concurrency: config.WORKER_CONCURRENCY, port: healthServer?.port }, 'worker started')
const stopStorageCheck = config.S3_CHECK_AT_START ? startStorageCheck(config, log) : undefined

await untilSignal()
log.info('stopping: no new work; running exports may finish')
await Promise.all([worker.stop(config.SHUTDOWN_GRACE), stopStorageCheck?.()])
// Last, so that a worker that finishes its exports is not taken for a dead one.
await healthServer?.close()
await connections.close()
log.info('stopped')
// A client that reconnects to an unavailable Redis would keep the process alive.
process.exit(0)
