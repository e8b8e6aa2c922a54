// From settings to the options of each connection.
import type { Config } from './config.ts'
import type { DatabaseOptions } from './database.ts'
import type { StorageOptions } from './storage.ts'

/** The service's own tables: short queries, and a clear error soon when the server is away. */
export function databaseOptions(config: Config, name: string): DatabaseOptions {
  return { url: config.DATABASE_URL, name, connections: 10, connectTimeout: 900, queryTimeout: 15_000 }
}

/** The tables that datasets read: long queries, one connection an export and a few to cancel them with. */
export function sourceOptions(config: Config, name: string): DatabaseOptions {
  return {
    url: config.SOURCE_DATABASE_URL ?? config.DATABASE_URL,
    name,
    connections: config.WORKER_CONCURRENCY + 2,
    connectTimeout: 10_000,
    queryTimeout: config.SOURCE_STATEMENT_TIMEOUT + 10_000,
  }
}

export function storageOptions(config: Config): StorageOptions {
  const { S3_ACCESS_KEY_ID: accessKeyId, S3_SECRET_ACCESS_KEY: secretAccessKey } = config
  return {
    endpoint: config.S3_ENDPOINT,
    publicEndpoint: config.S3_PUBLIC_ENDPOINT,
    region: config.S3_REGION,
    bucket: config.S3_BUCKET,
    forcePathStyle: config.S3_FORCE_PATH_STYLE,
    credentials:
      accessKeyId === undefined || secretAccessKey === undefined ? undefined : { accessKeyId, secretAccessKey },
    partSize: config.S3_PART_SIZE,
    uploadConcurrency: config.S3_UPLOAD_CONCURRENCY,
    requestTimeout: config.S3_REQUEST_TIMEOUT,
  }
}
