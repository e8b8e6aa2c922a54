// The queue of one test, which can be stopped, emptied and started again: a separate Redis, or the tables of the queue.
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type pg from 'pg'
import { startRedis } from '../../setup/redis.ts'
import type { Hold } from './observer.ts'

export interface QueueServer {
  /** Makes it unavailable. */
  away(): Promise<void>
  /** Is there again. What Redis held is gone, as it keeps nothing on disk here; the tables are as they were. */
  back(): Promise<void>
  /** Everything that is queued is forgotten. */
  empty(): Promise<void>
  /** Whether it has a job for this export. */
  has(exportId: string): Promise<boolean>
  /** How many jobs wait in their order. */
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
    Number((await redisSays(url, `ZCARD ${prefix}:exports-${lane}:prioritized`)).slice(1))
  const exists = (lane: string, id: string) => redisSays(url, `EXISTS ${prefix}:exports-${lane}:${id}`)
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
      empty: async () => void (await redisSays(url, 'FLUSHALL')),
      has: async (id) => (await exists('small', id)) === ':1' || (await exists('large', id)) === ':1',
      jobs: async () => (await waiting('small')) + (await waiting('large')),
    },
  }
}

/** @param lock holds a table until it is released */
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

/** The first line of the answer to one inline command. */
function redisSays(url: string, command: string): Promise<string> {
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
