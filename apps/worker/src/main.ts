// The worker process: reads the settings, connects, works until it is told to stop.
import { readConfigOrExit } from '@waybill/shared/config.ts'
import { createDatabase } from '@waybill/shared/database.ts'
import { createLedger } from '@waybill/shared/ledger.ts'
import { createLogger } from '@waybill/shared/log.ts'
import { createExportQueue } from '@waybill/shared/queue.ts'
import { untilSignal } from '@waybill/shared/signals.ts'
import { createStorage } from '@waybill/shared/storage.ts'
import { databaseOptions, sourceOptions, storageOptions } from '@waybill/shared/wiring.ts'
import { startWorker } from './worker.ts'

const config = readConfigOrExit()
const log = createLogger('worker', config.LOG_LEVEL)
const db = createDatabase(databaseOptions(config, 'waybill-worker'))
const source = createDatabase(sourceOptions(config, 'waybill-worker-source'))
const storage = createStorage(storageOptions(config))
const queue = createExportQueue(config, (error) => log.warn({ error }, 'queue'))

const worker = startWorker({ config, db, ledger: createLedger(db), source, storage, queue, log })
log.info({ concurrency: config.WORKER_CONCURRENCY }, 'worker started')

await untilSignal()
log.info('stopping: no new work; running exports may finish')
await worker.stop(config.SHUTDOWN_GRACE)
await queue.close()
await Promise.all([db.$disconnect(), source.$disconnect()])
storage.close()
log.info('stopped')
