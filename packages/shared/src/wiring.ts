// Creates the connections that the settings describe, for the composition roots of API, worker and standalone.
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Counters, createCounters } from './access/rate-counters.ts'
import {
  createDatabase,
  createReader,
  type Database,
  type DatabaseOptions,
  isThroughPgBouncer,
} from './database/client.ts'
import { createLedger, type Ledger } from './ledger/ledger.ts'
import type { Logger } from './process/log.ts'
import { createDeliveryQueue, type DeliveryQueue } from './queue/deliveries.ts'
import { createDeliveryEnqueuer } from './queue/enqueue-deliveries.ts'
import { createExportQueue, type ExportQueue } from './queue/exports.ts'
import type { Config } from './settings/schema.ts'
import type { Readers } from './source/readers.ts'
import { createStorage, type Storage, type StorageOptions } from './storage/storage.ts'
import { LANES } from './vocabulary/export.ts'

export interface Connections {
  readonly db: Database
  readonly ledger: Ledger
  readonly readers: Readers
  readonly storage: Storage
  readonly queue: ExportQueue
  readonly counters: Counters
  readonly deliveries: DeliveryQueue
  close(): Promise<void>
}

/** Closing waits so long for deliveries to be enqueued. The reconciler enqueues the others. */
const ENQUEUE_TIMEOUT_MS = 1_000

/** Servers may be unavailable, so closing does not wait longer for them. */
const CLOSE_TIMEOUT_MS = 5_000

/** Connects lazily: an unavailable server causes no error here. @param name shown in pg_stat_activity */
export function connect(config: Config, name: string, log: Logger): Connections {
  const db = createDatabase(databaseOptions(config, sessionName(config, name)))
  const readers = createReaders(config, name)
  const storage = connectStorage(config)
  const counters = createCounters(config, (error) => log.warn({ error }, 'counters'))
  const onQueueError = (error: Error) => log.warn({ error }, 'queue')
  const queue = createExportQueue(config, onQueueError)
  const deliveries = createDeliveryQueue(config, onQueueError)
  const enqueuer = createDeliveryEnqueuer({ db, deliveries, log })
  return {
    db,
    ledger: createLedger(db, enqueuer.enqueueDeliveries),
    readers,
    storage,
    queue,
    counters,
    deliveries,
    async close() {
      await Promise.race([enqueuer.idle(), sleep(ENQUEUE_TIMEOUT_MS, undefined, { ref: false })])
      const queues = [queue.close(), deliveries.close()]
      const closed = Promise.allSettled([...queues, db.$disconnect(), ...disconnect(readers)])
      // A server that is unavailable may never answer.
      await Promise.race([closed, sleep(CLOSE_TIMEOUT_MS, undefined, { ref: false })])
      counters.close()
      storage.close()
    },
  }
}

/**
 * Unique to this process, so that the ledger can find out whether the process still has a session (ledger/upkeep.ts). Behind PgBouncer
 * the sessions are not those of a process, so the name is not unique, and the heartbeat alone decides.
 */
function sessionName({ DATABASE_URL: url }: Config, name: string): string {
  return isThroughPgBouncer(url) ? name : `${name}@${randomBytes(6).toString('hex')}`
}

/**
 * The service's own tables. A server that refuses or resets a connection is unavailable at once; one that says nothing,
 * after these limits. They are seconds: on a busy machine a query of milliseconds takes seconds.
 */
function databaseOptions(config: Config, name: string): DatabaseOptions {
  return {
    url: config.DATABASE_URL,
    name,
    connections: 10,
    connectTimeout: 15_000,
    queryTimeout: 15_000,
    idleTimeout: 10_000,
  }
}

/**
 * For the tables of datasets: long queries, one connection for each export and two for cancellation. Each lane of a worker
 * runs one export more when its exports are those of several callers.
 */
function createReaders(config: Config, name: string): Readers {
  const { DATABASE_URL: ledgerUrl, SOURCE_DATABASE_URL: sourceUrl = ledgerUrl } = config
  const source = createReader(readerOptions(config, sourceUrl, `${name}-source`))
  if (sourceUrl === ledgerUrl) return { source, ledger: source }
  return { source, ledger: createReader(readerOptions(config, ledgerUrl, `${name}-ledger-source`)) }
}

function disconnect(readers: Readers): Promise<void>[] {
  return [...new Set(Object.values(readers))].map((reader) => reader.$disconnect())
}

function readerOptions(config: Config, url: string, name: string): DatabaseOptions {
  return {
    url,
    name,
    connections: LANES.length * (config.WORKER_CONCURRENCY + 1) + 2,
    connectTimeout: 15_000,
    queryTimeout: config.SOURCE_STATEMENT_TIMEOUT + 10_000,
  }
}

/** Only the storage, for a command that needs nothing else. */
export function connectStorage(config: Config): Storage {
  return createStorage(storageOptions(config))
}

export function storageOptions(config: Config): StorageOptions {
  const { S3_ACCESS_KEY_ID: accessKeyId, S3_SECRET_ACCESS_KEY: secretAccessKey } = config
  return {
    endpoint: config.S3_ENDPOINT,
    publicEndpoint: config.S3_PUBLIC_ENDPOINT,
    region: config.S3_REGION,
    bucket: config.S3_BUCKET,
    prefix: config.S3_PREFIX,
    forcePathStyle: config.S3_FORCE_PATH_STYLE,
    credentials:
      accessKeyId === undefined || secretAccessKey === undefined
        ? undefined
        : { accessKeyId, secretAccessKey, sessionToken: config.S3_SESSION_TOKEN },
    role:
      config.S3_ROLE_ARN === undefined
        ? undefined
        : { arn: config.S3_ROLE_ARN, externalId: config.S3_ROLE_EXTERNAL_ID, endpoint: config.S3_STS_ENDPOINT },
    checksums: config.S3_CHECKSUMS === 'when_supported',
    listUploads: config.S3_LIST_UPLOADS,
    object: {
      encryption: config.S3_SSE,
      kmsKeyId: config.S3_SSE_KMS_KEY_ID,
      storageClass: config.S3_STORAGE_CLASS,
      tags: config.S3_TAGS,
    },
    partSize: config.S3_PART_SIZE,
    uploadConcurrency: config.S3_UPLOAD_CONCURRENCY,
    requestTimeout: config.S3_REQUEST_TIMEOUT,
  }
}
