// The API process: reads the settings, connects, listens until it is told to stop.
import { createServer as createHttpServer } from 'node:http'
import { ensureBootstrapKey } from '@waybill/shared/api-keys.ts'
import { readConfigOrExit } from '@waybill/shared/config.ts'
import { createLogger } from '@waybill/shared/log.ts'
import { untilSignal } from '@waybill/shared/signals.ts'
import { connect } from '@waybill/shared/wiring.ts'
import { listen } from './listen.ts'
import { createServer } from './server.ts'

const config = readConfigOrExit()
const log = createLogger('api', config.LOG_LEVEL)
const connections = connect(config, 'waybill-api', log)

if (config.BOOTSTRAP_API_KEY !== undefined) await ensureBootstrapKey(connections.db, config.BOOTSTRAP_API_KEY)
const app = createServer({ config, log, ...connections })
const server = await listen(createHttpServer(app), config.PORT, config.HOST)
log.info({ port: server.port }, 'api listens')

await untilSignal()
log.info('stopping: no new connections; requests on their way are answered')
await server.close(config.SHUTDOWN_GRACE)
await connections.close()
log.info('stopped')
