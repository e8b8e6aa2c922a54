// A deployment like in production: API and workers are separate processes, which a test starts and kills.
import { listen } from '../../../apps/api/src/http/listen.ts'
import { createServer } from '../../../apps/api/src/server.ts'
import { ensureBootstrapKey } from '../../../packages/shared/src/access/bootstrap-key.ts'
import { GAME_DATASETS, LEDGER_DATASETS } from '../../../packages/shared/src/datasets/index.ts'
import { createDatasets } from '../../../packages/shared/src/datasets/registry.ts'
import { createLogger } from '../../../packages/shared/src/process/log.ts'
import { readConfig } from '../../../packages/shared/src/settings/read.ts'
import { connect } from '../../../packages/shared/src/wiring.ts'
import { type ApiClient, createApiClient } from '../../setup/api/api-client.ts'
import { type Program, startProgram } from './program.ts'
import { until } from './until.ts'

export type Settings = Readonly<Record<string, string>>

/** An API, in any process. */
export interface LocalApi {
  readonly url: string
  /** A client with the key of an admin. */
  readonly admin: ApiClient
  as(key: string): ApiClient
  /** Requests an export as an admin. @throws unless the response is 202 @returns its id */
  ask(request?: Readonly<Record<string, unknown>>): Promise<string>
}

export interface Api extends LocalApi, Program {}

export interface Deployment {
  /** @param settings for this process only, e.g. the address of a proxy */
  startApi(settings?: Settings): Promise<Api>
  /** In the process of the test, which costs a tenth of the CPU time: for tests of faults of other processes. */
  startLocalApi(): Promise<LocalApi>
  startWorker(settings?: Settings): Promise<Program>
  /** Starts several workers concurrently, because a start takes a second. */
  startWorkers(count: number, settings?: Settings): Promise<Program[]>
  /** All processes that were started. */
  programs(): readonly Program[]
  /** The output of all processes, for the message of a failure. */
  logs(): string
  /** Ends all processes with SIGTERM. Throws if one had to be killed. */
  stop(): Promise<void>
}

const MAX_LOG_CHARACTERS = 12_000

export function createDeployment(common: Settings): Deployment {
  const programs: Program[] = []
  const start = (kind: 'api' | 'worker', settings: Settings) => {
    const name = `${kind}-${programs.length + 1}`
    const program = startProgram(name, `apps/${kind}/src/main.ts`, { ...common, LOG_LEVEL: 'info', ...settings })
    programs.push(program)
    return program
  }
  const startWorker = async (settings: Settings = {}) => {
    const worker = start('worker', settings)
    await worker.said('worker started')
    return worker
  }
  const connectTo = async (port: unknown): Promise<LocalApi> => {
    const url = `http://127.0.0.1:${port}`
    const as = (key: string) => createApiClient(url, key)
    const admin = as(String(common.BOOTSTRAP_API_KEY))
    await until('the API knows its first key', async () => (await admin.get('/v1/me')).status === 200)
    const ask = async (request = {}) => {
      const { status, body } = await admin.post('/v1/exports', { dataset: 'users', format: 'csv', ...request })
      if (status !== 202) throw new Error(`POST /v1/exports answered ${status}: ${JSON.stringify(body)}`)
      return body.id
    }
    return { url, as, admin, ask }
  }
  const localApis: (() => Promise<void>)[] = []
  return {
    startWorker,
    async startApi(settings = {}) {
      const api = start('api', settings)
      const { port } = await api.said('api listens')
      return { ...api, ...(await connectTo(port)) }
    },
    async startLocalApi() {
      const config = readConfig({ ...common, LOG_LEVEL: 'fatal' })
      const log = createLogger('api', config.LOG_LEVEL)
      const connections = connect(config, 'waybill-api', log)
      await ensureBootstrapKey(connections.db, String(common.BOOTSTRAP_API_KEY))
      const datasets = createDatasets(GAME_DATASETS, LEDGER_DATASETS)
      const server = await listen(createServer({ config, datasets, log, ...connections }), config)
      localApis.push(async () => {
        await server.close(config.SHUTDOWN_GRACE)
        await connections.close()
      })
      return connectTo(server.port)
    },
    startWorkers: (count, settings) => Promise.all(Array.from({ length: count }, () => startWorker(settings))),
    programs: () => programs,
    logs: () => programs.map((program) => `--- ${program.name} (${program.pid})\n${tail(program.output())}`).join('\n'),
    async stop() {
      await Promise.all(localApis.map((close) => close()))
      const running = programs.filter((program) => program.exit() === undefined)
      const exits = await Promise.all(running.map((program) => program.stop()))
      const killed = running.filter((_, index) => exits[index]?.signal === 'SIGKILL')
      if (killed.length > 0) throw new Error(`did not end by SIGTERM: ${killed.map(({ name }) => name).join(', ')}`)
    },
  }
}

function tail(text: string): string {
  return text.length > MAX_LOG_CHARACTERS ? `…${text.slice(-MAX_LOG_CHARACTERS)}` : text
}
