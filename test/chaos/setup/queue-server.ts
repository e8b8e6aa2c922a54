// The queue of one test, which the test can stop, empty and start again: a separate Redis, or the tables of the queue.
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type pg from 'pg'
import { startRedis } from '../../setup/redis.ts'
import type { Hold } from './observer.ts'

export interface QueueServer {
  /** Makes the queue unavailable. */
  away(): Promise<void>
  /** Makes the queue available again. Redis is empty then, because it stores nothing on disk; tables are unchanged. */
  back(): Promise<void>
  /** Removes all jobs. */
  empty(): Promise<void>
  /** Whether the queue has a job for this export. */
  has(exportId: string): Promise<boolean>
  /** The number of waiting jobs. */
  jobs(): Promise<number>
}

export interface OwnRedis {
  readonly url: string
  readonly server: QueueServer
  stop(): Promise<void>
}

export async function startOwnRedis(prefix: string): Promise<OwnRedis> {
  const directory = await mkdtemp(join(tmpdir(), 'waybill-redis-'))
  let redis = await startRedis(directory)
  const { url } = redis
  const waiting = async (lane: string) =>
    Number((await sendToRedis(url, `ZCARD ${prefix}:exports-${lane}:prioritized`)).slice(1))
  const exists = (lane: string, id: string) => sendToRedis(url, `EXISTS ${prefix}:exports-${lane}:${id}`)
  return {
    url,
    async stop() {
      await redis.stop()
      await rm(directory, { recursive: true, force: true })
    },
    server: {
      away: () => redis.stop(),
      async back() {
        redis = await startRedis(directory, Number(new URL(url).port))
        if (redis.url !== url) throw new Error('another process uses the port of Redis now')
      },
      empty: async () => void (await sendToRedis(url, 'FLUSHALL')),
      has: async (id) => (await exists('small', id)) === ':1' || (await exists('large', id)) === ':1',
      jobs: async () => (await waiting('small')) + (await waiting('large')),
    },
  }
}

/** @param lock locks a table until its `release` is called */
export function queueInPostgres(
  client: pg.Pool,
  prefix: string,
  lock: (statement: string) => Promise<Hold>,
): QueueServer {
  const table = `${prefix}_queue.job`
  let held: Hold | undefined
  return {
    async away() {
      held = await lock(`LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`)
      await client.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name LIKE 'waybill-queue%'`)
    },
    back: async () => held?.release(),
    empty: async () => void (await client.query(`TRUNCATE ${table} CASCADE`)),
    has: async (id) => (await client.query(`SELECT FROM ${table} WHERE id = $1`, [id])).rowCount === 1,
    jobs: async () => (await client.query(`SELECT FROM ${table} WHERE state = 'waiting'`)).rowCount ?? 0,
  }
}

/** Sends an inline command. @returns the first line of the response */
function sendToRedis(url: string, command: string): Promise<string> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(`${command}\r\n`))
    socket.once('error', reject)
    socket.once('data', (data) => {
      socket.destroy()
      resolve(data.toString().split('\r\n', 1)[0] ?? '')
    })
  })
}
