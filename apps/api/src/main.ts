// The API process: reads the settings, connects, listens until it is told to stop.
import { createServer as createHttpServer } from 'node:http'
import { ensureBootstrapKey } from '@waybill/shared/api-keys.ts'
import { readConfigOrExit } from '@waybill/shared/config.ts'
import { createDatabase } from '@waybill/shared/database.ts'
import { createLedger } from '@waybill/shared/ledger.ts'
import { createLogger } from '@waybill/shared/log.ts'
import { createExportQueue } from '@waybill/shared/queue.ts'
import { untilSignal } from '@waybill/shared/signals.ts'
import { createStorage } from '@waybill/shared/storage.ts'
import { databaseOptions, sourceOptions, storageOptions } from '@waybill/shared/wiring.ts'
import { listen } from './listen.ts'
import { createServer } from './server.ts'

const config = readConfigOrExit()
const log = createLogger('api', config.LOG_LEVEL)
const db = createDatabase(databaseOptions(config, 'waybill-api'))
const source = createDatabase(sourceOptions(config, 'waybill-api-source'))
const storage = createStorage(storageOptions(config))
const queue = createExportQueue(config, (error) => log.warn({ error }, 'queue'))

if (config.BOOTSTRAP_API_KEY !== undefined) await ensureBootstrapKey(db, config.BOOTSTRAP_API_KEY)
const app = createServer({ config, db, ledger: createLedger(db), source, storage, queue, log })
const server = await listen(createHttpServer(app), config.PORT, config.HOST)
log.info({ port: server.port }, 'api listens')

await untilSignal()
log.info('stopping: no new connections; requests on their way are answered')
await server.close(config.SHUTDOWN_GRACE)
await queue.close()
await Promise.all([db.$disconnect(), source.$disconnect()])
storage.close()
log.info('stopped')
