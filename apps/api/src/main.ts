// The API process: reads the settings, connects, and listens until SIGTERM or SIGINT.
import { setTimeout as sleep } from 'node:timers/promises'
import { ensureBootstrapKey } from '@waybill/shared/access/bootstrap-key.ts'
import { retryWhileUnavailable } from '@waybill/shared/database/retry.ts'
import { loadDatasetsOrExit } from '@waybill/shared/own-datasets/start.ts'
import { createLogger } from '@waybill/shared/process/log.ts'
import { describeProcess } from '@waybill/shared/process/metrics.ts'
import { untilSignal } from '@waybill/shared/process/signals.ts'
import { readConfigOrExit } from '@waybill/shared/settings/read.ts'
import { connect } from '@waybill/shared/wiring.ts'
import { createRefusalRecorder } from './auth/refusals.ts'
import { listen } from './http/listen.ts'
import { createServer } from './server.ts'

const config = readConfigOrExit()
const log = createLogger('api', config.LOG_LEVEL)
const datasets = await loadDatasetsOrExit(config, log)
const connections = connect(config, 'waybill-api', log)

const stopping = new AbortController()
let isStarting = true
const refusals = createRefusalRecorder({ db: connections.db, log })
const app = createServer({
  config,
  datasets,
  log,
  isStarting: () => isStarting,
  stopping: stopping.signal,
  refusals,
  registry: describeProcess(),
  ...connections,
})
const server = await listen(app, config)
log.info({ port: server.port }, 'api listens')
void bootstrap()

await untilSignal()
log.info('stopping: no new connections; requests on their way are answered')
stopping.abort()
// Load balancers see /readyz fail before the port closes.
await sleep(config.SHUTDOWN_DELAY)
await server.close(config.SHUTDOWN_GRACE)
await refusals.flush()
await connections.close()
log.info('stopped')
// A Redis client that is reconnecting would keep the process alive.
process.exit(0)

/**
 * Stores BOOTSTRAP_API_KEY, or ends an earlier one. The database may start after this process. Until it is available,
 * requests get 503 and /readyz is not ready. When the key cannot be stored for another reason, that is logged, and the
 * API serves other callers.
 */
async function bootstrap(): Promise<void> {
  try {
    await retryWhileUnavailable(
      Number.POSITIVE_INFINITY,
      () => ensureBootstrapKey(connections.db, config.BOOTSTRAP_API_KEY),
      stopping.signal,
    )
  } catch (error) {
    if (!stopping.signal.aborted) log.error({ error }, 'BOOTSTRAP_API_KEY could not be stored')
  } finally {
    isStarting = false
  }
}
