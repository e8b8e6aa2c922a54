// One deployment for all tests of a file, whose worker uses a proxy for each server.
import { afterAll, afterEach, beforeAll, inject } from 'vitest'
import type { Json } from '../../setup/api/api-client.ts'
import { type HttpFaultProxy, startHttpFaultProxy } from '../../setup/network/http-fault-proxy.ts'
import { endpointOf, startTcpProxy, type TcpProxy } from '../../setup/network/tcp-proxy.ts'
import { type Chaos, type ChaosOptions, startChaos } from './chaos.ts'
import type { LocalApi } from './deployment.ts'
import { openBucket } from './invariants.ts'
import type { Program } from './program.ts'
import { until } from './until.ts'

export interface Rig extends Chaos {
  /** An API that uses no proxy. */
  readonly api: LocalApi
  readonly worker: Program
  /** The proxy between the worker and the ledger, which includes the queue if that is in Postgres. */
  readonly ledger: TcpProxy
  /** The proxy between the worker and the source. */
  readonly source: TcpProxy
  /** The proxies between the worker and S3, for HTTP requests and, in front of it, for TCP. */
  readonly s3: HttpFaultProxy
  readonly s3Line: TcpProxy
  /** Requests an export. */
  ask(request: Json): Promise<string>
  /** Requests an export, and waits until it has ended. */
  run(request: Json): Promise<Json>
  ended(id: string): Promise<Json>
  /** Waits until the ledger shows progress of the export. */
  reading(id: string): Promise<void>
  file(done: Json): Promise<Buffer>
  /** The error codes of its attempts that were followed by another one. */
  retries(id: string): Promise<string[]>
  /** The sessions of the worker in the source that are active or in a transaction. */
  busyBackends(): Promise<number[]>
}

/** Call it at the top of the file, and use its result within tests. */
export function useRig(options: ChaosOptions): () => Rig {
  const ends: (() => Promise<void>)[] = []
  let rig: Rig | undefined
  beforeAll(async () => {
    const end = {
      onTestFinished: (action: () => Promise<void>) => void ends.push(action),
      onTestFailed: () => undefined,
    }
    rig = await startRig(await startChaos(end, options))
  })
  afterEach(({ task }) => {
    for (const proxy of [rig?.ledger, rig?.source, rig?.s3, rig?.s3Line]) proxy?.restore()
    if (task.result?.state === 'fail') process.stderr.write(`${rig?.logs()}\n`)
  })
  afterAll(async () => {
    for (const end of ends) await end()
  })
  return () => {
    if (rig === undefined) throw new Error('the rig is there only within tests')
    return rig
  }
}

async function startRig(chaos: Chaos): Promise<Rig> {
  const { settings, client, row } = chaos
  const server = endpointOf(inject('postgresUrl'))
  const [ledger, source, s3] = await Promise.all([
    startTcpProxy(server),
    startTcpProxy(server),
    startHttpFaultProxy(String(settings.S3_ENDPOINT)),
  ])
  const s3Line = await startTcpProxy(endpointOf(s3.endpoint))
  const url = String(settings.DATABASE_URL)
  const behindProxies = {
    DATABASE_URL: ledger.through(url),
    SOURCE_DATABASE_URL: source.through(url),
    S3_ENDPOINT: s3Line.through(s3.endpoint),
  }
  const [api, worker] = await Promise.all([chaos.startLocalApi(), chaos.startWorker(behindProxies)])
  for (const proxy of [ledger, source, s3, s3Line]) chaos.defer(() => proxy.close())
  // The worker stops first: it closes its connections through the proxies.
  chaos.defer(() => worker.stop())
  const ask = async (request: Json): Promise<string> => {
    const { status, body } = await api.admin.post('/v1/exports', request)
    if (status !== 202) throw new Error(`POST /v1/exports answered ${status}: ${JSON.stringify(body)}`)
    return body.id
  }
  return {
    ...chaos,
    api,
    worker,
    ledger,
    source,
    s3,
    s3Line,
    ask,
    run: async (request) => api.admin.ended(await ask(request)),
    ended: (id) => api.admin.ended(id),
    async reading(id) {
      await until(`rows of export ${id} are read`, async () => {
        const { rows } = await client.query('SELECT FROM waybill.exports WHERE id = $1 AND rows > 0', [id])
        return rows.length === 1 && (await row(id)).status === 'running'
      })
    },
    async file(done) {
      const bucket = openBucket(settings)
      const { rows } = await client.query('SELECT artifact_key FROM waybill.exports WHERE id = $1', [done.id])
      return bucket.read(rows[0]?.artifact_key).finally(() => bucket.close())
    },
    async retries(id) {
      const { rows } = await client.query<{ code: string }>(
        `SELECT data->>'code' AS code FROM waybill.audit_events
          WHERE export_id = $1 AND type IN ('export.retrying', 'export.released') AND data ? 'code' ORDER BY id`,
        [id],
      )
      return rows.map(({ code }) => code)
    },
    async busyBackends() {
      const { rows } = await client.query<{ pid: number }>(
        `SELECT pid FROM pg_stat_activity WHERE datname = current_database()
          AND application_name = 'waybill-worker-source' AND state <> 'idle'`,
      )
      return rows.map(({ pid }) => pid)
    },
  }
}
