// Runs API and worker in this process, with a separate database, queue and storage prefix for each suite.
import { randomBytes } from 'node:crypto'
import { inject } from 'vitest'
import { type ListeningServer, listen } from '../../apps/api/src/http/listen.ts'
import { createServer } from '../../apps/api/src/server.ts'
import { type RunningWorker, startWorker } from '../../apps/worker/src/worker.ts'
import { ensureBootstrapKey } from '../../packages/shared/src/access/bootstrap-key.ts'
import type { Dataset } from '../../packages/shared/src/datasets/dataset.ts'
import { GAME_DATASETS, LEDGER_DATASETS } from '../../packages/shared/src/datasets/index.ts'
import { createDatasets, type Datasets } from '../../packages/shared/src/datasets/registry.ts'
import { createLogger } from '../../packages/shared/src/process/log.ts'
import { deployQueue } from '../../packages/shared/src/queue/backend.ts'
import { readConfig } from '../../packages/shared/src/settings/read.ts'
import type { Config } from '../../packages/shared/src/settings/schema.ts'
import { type Connections, connect } from '../../packages/shared/src/wiring.ts'
import { ADMIN_KEY } from './api/admin-key.ts'
import { type ApiClient, createApiClient } from './api/api-client.ts'
import { createTestDatabase, type TestDatabase } from './database.ts'
import type { TcpProxy } from './network/tcp-proxy.ts'

export const QUEUE_BACKENDS = ['redis', 'postgres'] as const
export type QueueBackend = (typeof QUEUE_BACKENDS)[number]

/** Encrypts webhook secrets. */
const WEBHOOK_KEY = Buffer.alloc(32, 'k').toString('base64')

export { ADMIN_KEY }

export interface TestSystem {
  readonly config: Config
  readonly datasets: Datasets
  readonly database: TestDatabase
  readonly connections: Connections
  readonly url: string
  /** A client with the key of an admin. */
  readonly admin: ApiClient
  /** Undefined with `worker: false`. */
  readonly worker: RunningWorker | undefined
  /** Stops everything. Throws if the suite has left a connection open. */
  stop(): Promise<void>
}

export interface TestSystemOptions {
  readonly queue?: QueueBackend
  /** Settings of this suite, by name. */
  readonly settings?: Readonly<Record<string, string>>
  /** Datasets in addition to those of GAME. */
  readonly datasets?: readonly Dataset[]
  /** The datasets are read through this proxy. */
  readonly source?: TcpProxy
  /** False: the tables of the queue exist, and the role of DATABASE_URL may not create them. */
  readonly deployQueue?: boolean
  /** False: exports stay queued. */
  readonly worker?: boolean
}

/** The settings of a suite: its database, queue and prefix on the servers of the test run. */
export function testSettings(database: TestDatabase, queue: QueueBackend): Record<string, string> {
  const s3 = inject('s3')
  const suite = `t${randomBytes(6).toString('hex')}`
  return {
    DATABASE_URL: database.url,
    ...(queue === 'redis' ? { REDIS_URL: inject('redisUrl') } : {}),
    QUEUE_PREFIX: suite,
    S3_ENDPOINT: s3.endpoint,
    S3_REGION: s3.region,
    S3_BUCKET: s3.bucket,
    S3_PREFIX: `${suite}/`,
    S3_FORCE_PATH_STYLE: 'true',
    S3_ACCESS_KEY_ID: s3.accessKeyId,
    S3_SECRET_ACCESS_KEY: s3.secretAccessKey,
    // Its object and requests would disturb what a test counts.
    S3_CHECK_AT_START: 'false',
    BOOTSTRAP_API_KEY: ADMIN_KEY,
    WEBHOOK_SECRET_KEYS: WEBHOOK_KEY,
    LOG_LEVEL: 'fatal',
    // The one admin of a suite does the work of many callers.
    RATE_LIMIT_TRAIL_WRITES: '0',
    PORT: '0',
    HOST: '127.0.0.1',
  }
}

export async function startTestSystem(options: TestSystemOptions = {}): Promise<TestSystem> {
  const database = await createTestDatabase()
  const source = options.source === undefined ? {} : { SOURCE_DATABASE_URL: options.source.through(database.url) }
  const config = readConfig({ ...testSettings(database, options.queue ?? 'postgres'), ...source, ...options.settings })
  if (options.deployQueue !== false) await deployQueue(config)
  const datasets = createDatasets(GAME_DATASETS, options.datasets ?? [], LEDGER_DATASETS)
  const log = createLogger('test', config.LOG_LEVEL)
  const connections = connect(config, 'waybill-test', log)
  await ensureBootstrapKey(connections.db, ADMIN_KEY)
  const worker = options.worker === false ? undefined : startWorker({ config, datasets, log, ...connections })
  const app = createServer({ config, datasets, log, ...connections })
  const server: ListeningServer = await listen(app, config)
  const url = `http://127.0.0.1:${server.port}`
  return {
    config,
    datasets,
    database,
    connections,
    url,
    admin: createApiClient(url, ADMIN_KEY),
    worker,
    async stop() {
      await server.close(1_000)
      await worker?.stop(5_000)
      await connections.storage.removeAll('')
      await connections.close()
      await database.drop()
    },
  }
}
