// Unavailable dependencies: the API names them, sets Retry-After and reveals no secret.
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it, vi } from 'vitest'
import { type ListeningServer, listen } from '../../../apps/api/src/http/listen.ts'
import { createServer } from '../../../apps/api/src/server.ts'
import { createLogger } from '../../../packages/shared/src/process/log.ts'
import type { Config } from '../../../packages/shared/src/settings/schema.ts'
import { type Connections, connect } from '../../../packages/shared/src/wiring.ts'
import { startInside } from '../../chaos/setup/internal-server.ts'
import { type ApiClient, createApiClient } from '../../setup/api/api-client.ts'
import { expectProblem } from '../../setup/api/problem.ts'
import { withClient } from '../../setup/database.ts'
import { endpointOf, startTcpProxy, type TcpProxy } from '../../setup/network/tcp-proxy.ts'
import { ADMIN_KEY, startTestSystem, type TestSystem } from '../../setup/system.ts'

let system: TestSystem
beforeAll(async () => {
  system = await startTestSystem({ worker: false, queue: 'redis' })
})
afterAll(() => system.stop())

interface Api {
  readonly url: string
  stop(): Promise<void>
}

/** Starts another API on the same database, with other settings. */
async function startApi(settings: Partial<Config>, log = createLogger('test', 'fatal')): Promise<Api> {
  const config: Config = { ...system.config, ...settings }
  const connections: Connections = connect(config, 'waybill-test', log)
  const app = createServer({ config, datasets: system.datasets, log, ...connections })
  const server: ListeningServer = await listen(app, config)
  return {
    url: `http://127.0.0.1:${server.port}`,
    async stop() {
      await server.close(1_000)
      await connections.close()
    },
  }
}

async function readiness(url: string) {
  const response = await fetch(`${url}/readyz`)
  const { dependencies } = (await response.json()) as { dependencies: Record<string, string> }
  return { status: response.status, dependencies }
}

/** Waits for the state, because /readyz reuses the result of the last check for a second. */
function becomes(api: Api, state: Record<string, unknown>): Promise<void> {
  return expect.poll(() => readiness(api.url)).toMatchObject(state)
}

it('is alive and ready without authentication', async () => {
  expect(await (await fetch(`${system.url}/healthz`)).json()).toEqual({ status: 'ok' })
  const dependencies = { database: 'ok', source: 'ok', queue: 'ok', storage: 'ok' }
  await becomes(system, { status: 200, dependencies })
})

describe('names only the unavailable dependency', () => {
  it.each([
    ['storage', { S3_BUCKET: 'no-such-bucket' }],
    ['storage', { S3_SECRET_ACCESS_KEY: 'wrong' }],
    ['storage', { S3_ENDPOINT: 'http://127.0.0.1:1' }],
    ['queue', { REDIS_URL: 'redis://127.0.0.1:1' }],
    ['source', { SOURCE_DATABASE_URL: 'postgres://source-reader:secret@127.0.0.1:1/none' }],
  ] as const)('%s: %j', async (dependency, settings) => {
    const api = await startApi(settings)
    try {
      const dependencies = { database: 'ok', source: 'ok', queue: 'ok', storage: 'ok', [dependency]: 'away' }
      // On a busy machine, the check of another dependency may time out in the first response.
      const readiness = async () => (await fetch(`${api.url}/readyz`)).json()
      await expect.poll(readiness, { interval: 200 }).toEqual({ status: 'away', dependencies })
      const answer = await fetch(`${api.url}/readyz`)
      const text = await answer.text()
      expect(answer.status).toBe(503)
      expect(text).not.toMatch(/secret|127\.0\.0\.1|source-reader/)
      expect((await fetch(`${api.url}/healthz`)).status, 'a restart would not help').toBe(200)
    } finally {
      await api.stop()
    }
  })
})

it('a locked table of the source delays only requests that read it', async () => {
  const locker = new pg.Client({ connectionString: system.database.url })
  await locker.connect()
  try {
    await locker.query('BEGIN; LOCK TABLE users')
    const ask = () => system.admin.post('/v1/exports', { dataset: 'users', format: 'csv' })
    for (const { status } of await Promise.all(Array.from({ length: 12 }, ask))) expect(status).toBe(202)
    await becomes(system, { status: 200, dependencies: { source: 'ok' } })
    // On a separate connection, because a transaction sees pg_stat_activity as of its first query.
    const waiting = () =>
      withClient(system.database.url, async (client) => {
        const { rows } = await client.query(`SELECT query FROM pg_stat_activity
          WHERE wait_event_type = 'Lock' AND datname = current_database()`)
        return rows
      })
    await expect.poll(waiting, { message: 'the server ends the statements too' }).toEqual([])
  } finally {
    await locker.end()
  }
})

describe('previews of a locked table', () => {
  let locker: pg.Client
  let api: Api
  beforeEach(async () => {
    locker = new pg.Client({ connectionString: system.database.url })
    await locker.connect()
    api = await startApi({})
    await locker.query('BEGIN; LOCK TABLE users')
  })
  afterEach(async () => {
    await locker.end()
    await api.stop()
  })

  const newCaller = async () => {
    const { body } = await system.admin.post('/v1/api-keys', { name: 'one of many', role: 'exporter' })
    return createApiClient(api.url, body.key)
  }
  const ask = (client: ApiClient, times: number, signal: AbortSignal | null = null) =>
    Array.from({ length: times }, () =>
      client.send('POST', '/v1/exports/preview', {
        ...{ signal, body: JSON.stringify({ dataset: 'users', format: 'csv' }) },
        headers: { 'Content-Type': 'application/json' },
      }),
    )
  // On a separate connection, because a transaction sees the pg_stat_activity of its first query.
  const blocked = () =>
    withClient(system.database.url, async (client) => {
      const { rowCount } = await client.query(`SELECT FROM pg_stat_activity
        WHERE wait_event_type = 'Lock' AND datname = current_database()`)
      return rowCount
    })

  it('leave connections for others, and succeed after the lock is released', async () => {
    const callers = await Promise.all([newCaller(), newCaller(), newCaller()])
    const asked = callers.flatMap((client) => ask(client, 4))
    await expect.poll(blocked).toBe(2)
    await becomes(api, { status: 200, dependencies: { source: 'ok' } })
    await locker.query('ROLLBACK')
    for (const { status } of await Promise.all(asked)) expect(status).toBe(200)
  })

  it('take one place of each caller, and are canceled on the server when the caller disconnects', async () => {
    const [greedy, modest] = await Promise.all([newCaller(), newCaller()])
    const gone = new AbortController()
    const canceled = Promise.allSettled(ask(greedy, 6, gone.signal))
    await expect.poll(blocked).toBe(1)
    const [asked] = ask(modest, 1)
    await expect.poll(blocked, { message: 'another caller has a place' }).toBe(2)
    gone.abort()
    for (const { status } of await canceled) expect(status).toBe('rejected')
    await expect.poll(blocked, { message: 'nothing is left of the caller who has left' }).toBe(1)
    await locker.query('ROLLBACK')
    expect((await asked)?.status).toBe(200)
  })
})

it('a hundred checks at once reach a dependency once, and its failure is logged once', async () => {
  const silent = await startInside('127.0.0.1')
  const log = createLogger('test', 'fatal')
  const warned = vi.spyOn(log, 'warn')
  const api = await startApi({ S3_ENDPOINT: `http://127.0.0.1:${silent.port}` }, log)
  try {
    const looks = await Promise.all(Array.from({ length: 100 }, () => readiness(api.url)))
    for (const look of looks) expect(look).toMatchObject({ status: 503, dependencies: { storage: 'away' } })
    expect(silent.knocks()).toBe(1)
    const knocksLater = async () => {
      expect(await readiness(api.url)).toMatchObject({ dependencies: { storage: 'away' } })
      return silent.knocks()
    }
    await expect.poll(knocksLater).toBe(2)
    expect(warned.mock.calls.filter(([, message]) => message === 'not ready')).toHaveLength(1)
  } finally {
    await api.stop()
    await silent.close()
  }
})

describe('Postgres becomes unavailable', () => {
  let proxy: TcpProxy
  let api: Api
  beforeAll(async () => {
    proxy = await startTcpProxy(endpointOf(system.config.DATABASE_URL))
    api = await startApi({
      DATABASE_URL: proxy.through(system.config.DATABASE_URL),
      SOURCE_DATABASE_URL: system.config.DATABASE_URL,
    })
  })
  afterAll(async () => {
    await api.stop()
    await proxy.close()
  })

  it('every call is 503 with Retry-After, no job is queued, and calls work again when Postgres is back', async () => {
    const client = createApiClient(api.url, ADMIN_KEY)
    const body = { dataset: 'users', format: 'csv' }
    expect((await client.post('/v1/exports', body)).status).toBe(202)
    const jobs = () => countRedisKeys(system.config.QUEUE_PREFIX)
    const before = await jobs()
    proxy.refuse()
    for (const answer of [
      await client.post('/v1/exports', body),
      await client.get('/v1/exports'),
      await client.get('/v1/me'),
    ]) {
      expectProblem(answer, 503, 'DATABASE_UNAVAILABLE')
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    }
    expect(await jobs(), 'no job without a row').toBe(before)
    await becomes(api, { status: 503, dependencies: { database: 'away', source: 'ok' } })
    expect((await fetch(`${api.url}/healthz`)).status).toBe(200)
    proxy.restore()
    expect((await client.post('/v1/exports', body)).status).toBe(202)
    await becomes(api, { status: 200 })
  })

  it('the API responds while Postgres hangs', async () => {
    const client = createApiClient(api.url, ADMIN_KEY)
    await client.get('/v1/me')
    proxy.stall()
    await becomes(api, { status: 503, dependencies: { database: 'away' } })
    proxy.restore()
    expect((await client.get('/v1/me')).status).toBe(200)
  })
})

async function countRedisKeys(prefix: string): Promise<number> {
  const { Redis } = await import('ioredis')
  const redis = new Redis(inject('redisUrl'))
  try {
    return (await redis.keys(`${prefix}:*`)).length
  } finally {
    redis.disconnect()
  }
}
