// The API process: reads the settings, connects, listens until it is told to stop.
import { setTimeout as sleep } from 'node:timers/promises'
import { ensureBootstrapKey } from '@waybill/shared/bootstrap-key.ts'
import { readConfigOrExit } from '@waybill/shared/config.ts'
import { loadDatasetsOrExit } from '@waybill/shared/dataset-start.ts'
import { createLogger } from '@waybill/shared/log.ts'
import { persist } from '@waybill/shared/persist.ts'
import { untilSignal } from '@waybill/shared/signals.ts'
import { connect } from '@waybill/shared/wiring.ts'
import { listen } from './listen.ts'
import { describeProcess } from './process-metrics.ts'
import { createRefusalQuota } from './refusal-quota.ts'
import { createServer } from './server.ts'
import { tellUntold } from './untold-refusals.ts'

const config = readConfigOrExit()
const log = createLogger('api', config.LOG_LEVEL)
const datasets = await loadDatasetsOrExit(config, log)
const connections = connect(config, 'waybill-api', log)

const stopping = new AbortController()
let isStarting = config.BOOTSTRAP_API_KEY !== undefined
const refusals = createRefusalQuota()
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
if (config.BOOTSTRAP_API_KEY !== undefined) void bootstrap(config.BOOTSTRAP_API_KEY)

await untilSignal()
log.info('stopping: no new connections; requests on their way are answered')
stopping.abort()
// Whoever balances load reads it off /readyz before the port is closed.
await sleep(config.SHUTDOWN_DELAY)
await server.close(config.SHUTDOWN_GRACE)
await tellUntold({ db: connections.db, log }, refusals)
await connections.close()
log.info('stopped')
// A client that still looks for a Redis that is away would keep the process for ever.
process.exit(0)

/**
 * The database may come up after us: until then, requests are answered with 503, and we are not ready. A key that cannot
 * be stored for another reason is in the log, and keeps nobody else from being served.
 */
async function bootstrap(key: string): Promise<void> {
  try {
    await persist(Number.POSITIVE_INFINITY, () => ensureBootstrapKey(connections.db, key), stopping.signal)
  } catch (error) {
    if (!stopping.signal.aborted) log.error({ error }, 'BOOTSTRAP_API_KEY could not be stored')
  } finally {
    isStarting = false
  }
}
