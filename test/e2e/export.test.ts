// The system as separate processes, with HTTP and signals.
import { setTimeout as sleep } from 'node:timers/promises'
import type { FormatName } from '@waybill/shared/vocabulary/export.ts'
import type { Column } from '@waybill/shared/vocabulary/table.ts'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { loadSample } from '../../apps/standalone/src/sample.ts'
import { type ApiClient, createApiClient } from '../setup/api/api-client.ts'
import { look } from '../setup/bucket.ts'
import { createTestDatabase, type TestDatabase } from '../setup/database.ts'
import { GAME_DATASETS, readGame } from '../setup/game.ts'
import { endpointOf, startTcpProxy } from '../setup/network/tcp-proxy.ts'
import { killAll, type Process, startProcess } from '../setup/processes.ts'
import { ADMIN_KEY, QUEUE_BACKENDS, testSettings } from '../setup/system.ts'
import { READERS } from '../unit/formats/readers.ts'

const FORMATS: Readonly<Record<string, FormatName>> = {
  users: 'csv',
  'user-points': 'json',
  'user-interactions': 'ndjson',
  'wallet-transactions': 'xlsx',
}

/** As long as ten heartbeats, so that a slow worker keeps its lock. */
const SETTINGS = { LOG_LEVEL: 'info', WORKER_LOCK: '10s', RECONCILE_INTERVAL: '200ms' }

describe.each(QUEUE_BACKENDS)('api and worker as processes, queue on %s', (queue) => {
  let database: TestDatabase
  let env: Record<string, string>
  let api: Process
  let client: ApiClient
  const workers: Process[] = []

  const startWorker = async (settings: Record<string, string> = {}) => {
    const worker = startProcess('worker', { ...env, ...settings })
    workers.push(worker)
    await worker.logged('worker started')
    return worker
  }

  beforeAll(async () => {
    database = await createTestDatabase()
    env = { ...testSettings(database, queue), ...SETTINGS }
    expect(await startProcess('migrate', env).ended).toBe(0)
    api = startProcess('api', env)
    const [{ port }] = await Promise.all([api.logged('api listens'), loadSample(database.url, { rows: 10_000 })])
    const url = `http://127.0.0.1:${port}`
    client = createApiClient(url, ADMIN_KEY)
    while ((await client.get('/v1/me')).status !== 200) await sleep(20)
  })
  afterAll(async () => {
    killAll()
    await Promise.all([api.ended, ...workers.map(({ ended }) => ended)])
  })

  it.each(GAME_DATASETS)('the file of $name has every cell', async (game) => {
    if (workers.length === 0) await startWorker()
    const format = FORMATS[game.name] ?? 'csv'
    const columns: Column[] = game.columns.map(([name, kind]) => ({ name, kind }))
    const filters = { dateFrom: '2026-03-14', dateTo: '2026-03-20' }
    const done = await client.export({ dataset: game.name, format, filters })
    expect(done).toMatchObject({ status: 'completed', attempts: 1 })
    const response = await fetch(done.download.url)
    expect(response.status).toBe(200)
    const file = READERS[format].read(Buffer.from(await response.arrayBuffer()), columns)
    const rows = await readGame(
      database.url,
      game,
      `one.created_at >= '2026-03-14 00:00+00' AND one.created_at < '2026-03-21 00:00+00'`,
    )
    expect(rows.length).toBeGreaterThan(20)
    expect(file.rows).toEqual(
      rows.map((row) =>
        row.map((cell, i) => (cell === null ? null : READERS[format].expected(columns[i]?.kind ?? 'text', cell))),
      ),
    )
  })

  it('another worker completes an export with one file after its worker was killed', async () => {
    const [idle] = workers.splice(0)
    idle?.kill('SIGTERM')
    expect(await idle?.ended).toBe(0)
    const source = await startTcpProxy(endpointOf(database.url))
    source.throttle(100_000)
    const victim = await startWorker({ SOURCE_DATABASE_URL: source.through(database.url) })
    const { body } = await client.post('/v1/exports', { dataset: 'user-points', format: 'csv' })
    for (;;) {
      const { progress } = (await client.get(`/v1/exports/${body.id}`)).body
      if (progress.rows > 0) break
      await sleep(20)
    }
    victim.kill('SIGKILL')
    expect(await victim.ended).toBe('SIGKILL')
    await source.close()
    workers.length = 0
    await startWorker()
    const done = await client.ended(body.id)
    expect(done).toMatchObject({ status: 'completed', attempts: 2, rowCount: 10_000 })
    expect(await (await fetch(done.download.url)).bytes()).toHaveLength(done.bytes)
    const { items } = (await client.get(`/v1/exports/${body.id}/events`)).body
    expect(items.map(({ type }: { type: string }) => type)).toEqual([
      'export.requested',
      'export.started',
      'export.retrying',
      'export.started',
      'export.completed',
      // The test has read the completed export.
      'export.link-issued',
    ])
    const { objects, openUploads } = await look(`${env.S3_PREFIX}exports/${body.id}/`)
    expect(openUploads).toEqual([])
    expect(objects.map((key) => key.split('/')[1]).sort()).toEqual(['manifest.json', done.filename])
  })

  it('SIGTERM ends both with code 0 and leaves no connection open', async () => {
    const left = [api, ...workers]
    for (const { kill } of left) kill('SIGTERM')
    expect(await Promise.all(left.map(({ ended }) => ended))).toEqual(left.map(() => 0))
    await database.drop() // fails if a connection is open
    const output = left.map(({ output }) => output.stdout + output.stderr).join('')
    for (const secret of [ADMIN_KEY, env.S3_SECRET_ACCESS_KEY, 'X-Amz-Signature']) expect(output).not.toContain(secret)
  })
})

describe('invalid settings', () => {
  afterEach(killAll)

  it.each(['migrate', 'api', 'worker'] as const)('end %s at once with every problem and exit code 1', async (name) => {
    const env = { S3_BUCKET: '', DATABASE_URL: 'mysql://nope', EXPORT_TTL: '7', WORKER_CONCURRENCY: '0' }
    const { ended, output } = startProcess(name, env)
    expect(await ended).toBe(1)
    for (const setting of ['DATABASE_URL', 'S3_BUCKET', 'EXPORT_TTL', 'WORKER_CONCURRENCY']) {
      expect(output.stderr).toMatch(new RegExp(`^ +${setting} \\S`, 'm'))
    }
    expect(output.stderr).not.toMatch(/\n\s+at /)
    expect(output.stdout).toBe('')
  })
})
