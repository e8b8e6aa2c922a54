// Starts one Postgres, one Redis and one S3 server for the test run, and stops them at its end.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import type { TestProject } from 'vitest/node'
import { startPostgres } from '../../apps/standalone/src/postgres/embedded-postgres.ts'
import { startRedis } from './redis.ts'
import { startTestS3 } from './s3-server.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Connects the superuser to the database `postgres`. Each suite creates a separate database (database.ts). */
    postgresUrl: string
    redisUrl: string
    s3: { endpoint: string; region: string; bucket: string; accessKeyId: string; secretAccessKey: string }
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const directory = mkdtempSync(join(tmpdir(), 'waybill-test-'))
  // Also if the run ends without the teardown. The exit hooks of the servers stop them then.
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
        max_connections: '300',
        // Autovacuum would run at random moments, and results would differ from run to run.
        autovacuum: 'off',
      },
    }),
    startRedis(join(directory, 'redis')),
    startTestS3(directory),
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
  if (postgres.status === 'fulfilled') {
    await shortenPasswordHash(postgres.value.url)
    project.provide('postgresUrl', postgres.value.url)
  }
  if (redis.status === 'fulfilled') project.provide('redisUrl', redis.value.url)
  if (s3.status === 'fulfilled') {
    const { endpoint, region, bucket, accessKeyId, secretAccessKey } = s3.value
    project.provide('s3', { endpoint, region, bucket, accessKeyId, secretAccessKey })
  }
  return teardown
}

/**
 * Stores the same password with one round of SHA-256. With the usual 4,096, the clients of the thousands of connections
 * of a run would compute for a minute.
 */
async function shortenPasswordHash(url: string): Promise<void> {
  const { username, password } = new URL(url)
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const [role, secret] = [client.escapeIdentifier(decodeURIComponent(username)), decodeURIComponent(password)]
  await client.query(`SET scram_iterations = 1; ALTER ROLE ${role} PASSWORD ${client.escapeLiteral(secret)}`)
  await client.end()
}
