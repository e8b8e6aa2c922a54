// Starts one Postgres, one Redis and one S3 server for the whole test run, and removes them after it.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { startPostgres } from '../../apps/standalone/src/postgres/embedded-postgres.ts'
import { startS3 } from '../../apps/standalone/src/s3/embedded-s3.ts'
import { startRedis } from './redis.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Superuser, to the database `postgres`. Suites make databases of their own: database.ts. */
    postgresUrl: string
    redisUrl: string
    s3: { endpoint: string; region: string; bucket: string; accessKeyId: string; secretAccessKey: string }
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const directory = mkdtempSync(join(tmpdir(), 'waybill-test-'))
  // Also when the run ends without its teardown; the servers then die by exit hooks of their own.
  const remove = () => rmSync(directory, { recursive: true, force: true, maxRetries: 10 })
  process.once('exit', remove)

  const starting = await Promise.allSettled([
    startPostgres({
      directory: join(directory, 'postgres'),
      port: 0,
      log: () => undefined,
      settings: {
        fsync: 'off',
        synchronous_commit: 'off',
        full_page_writes: 'off',
        max_connections: '200',
        // Background work at a random moment would only make tests differ from run to run.
        autovacuum: 'off',
      },
    }),
    startRedis(join(directory, 'redis')),
    // In this process: while tests run it has nothing else to do, and a child would have to be watched.
    startS3({ directory: join(directory, 's3'), port: 0, bucket: 'waybill-test', durable: false }),
  ])
  const teardown = async () => {
    for (const server of starting) if (server.status === 'fulfilled') await server.value.stop()
    process.off('exit', remove)
    remove()
  }

  const [postgres, redis, s3] = starting
  for (const server of starting) {
    if (server.status === 'rejected') {
      await teardown()
      throw server.reason
    }
  }
  if (postgres.status === 'fulfilled') project.provide('postgresUrl', postgres.value.url)
  if (redis.status === 'fulfilled') project.provide('redisUrl', redis.value.url)
  if (s3.status === 'fulfilled') {
    const { endpoint, region, bucket, accessKeyId, secretAccessKey } = s3.value
    project.provide('s3', { endpoint, region, bucket, accessKeyId, secretAccessKey })
  }
  return teardown
}
