// The service under test: an API process and a worker process, as in production, with one database.
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../../apps/standalone/src/free-port.ts'
import { type NodeProcess, startNode } from './node-process.ts'
import type { Servers } from './servers.ts'

export interface ServiceOptions {
  readonly servers: Servers
  /** S3_* settings. */
  readonly s3: Readonly<Record<string, string>>
  readonly databaseUrl: string
  readonly queue: 'postgres' | 'redis'
  readonly settings: Readonly<Record<string, string>>
  readonly workerFlags: readonly string[]
  readonly onDeath: (error: Error) => void
}

export interface Service {
  readonly url: string
  readonly apiKey: string
  /** The process of the worker. @throws Error if none runs */
  workerPid(): number
  /** @param flags for Node, in addition to those of every worker */
  startWorker(flags?: readonly string[]): void
  stopWorker(): Promise<void>
  stop(): Promise<void>
}

/** The flags of `npm run worker` (scripts/run.mjs). */
export const WORKER_FLAGS: readonly string[] = [
  '--min-semi-space-size=16',
  '--max-semi-space-size=16',
  '--max-old-space-size=1024',
]
export const WORKER_MALLOC: Readonly<Record<string, string>> = {
  MALLOC_MMAP_THRESHOLD_: '1048576',
  MALLOC_ARENA_MAX: '1',
}

const API_KEY = 'bench-admin-key-0123456789'
const READY_MS = 30_000
/** Warnings and errors of the processes. A successful run has none. */
const onOutput = (text: string) => void process.stderr.write(text)

/** Starts the API, without a worker. */
export async function startService(options: ServiceOptions): Promise<Service> {
  const { servers, onDeath } = options
  const port = await freePort(0)
  const env = {
    ...options.s3,
    DATABASE_URL: options.databaseUrl,
    ...(options.queue === 'redis' && servers.redisUrl !== undefined ? { REDIS_URL: servers.redisUrl } : {}),
    BOOTSTRAP_API_KEY: API_KEY,
    PORT: String(port),
    HOST: '127.0.0.1',
    LOG_LEVEL: 'warn',
    // The benchmark sends more requests than the limits allow a caller.
    RATE_LIMIT_PER_CALLER: '0',
    RATE_LIMIT_TRAIL_WRITES: '0',
    RATE_LIMIT_PER_ADDRESS: '0',
    MAX_ACTIVE_EXPORTS: '1000',
    ...options.settings,
  }
  const url = `http://127.0.0.1:${port}`
  const api = startNode({ program: 'apps/api/src/main.ts', env, onOutput, onDeath })
  let worker: NodeProcess | undefined
  const stopWorker = async () => {
    await worker?.stop()
    worker = undefined
  }
  const stop = async () => {
    await stopWorker()
    await api.stop()
  }
  try {
    await untilReady(url, api)
  } catch (error) {
    await stop()
    throw error
  }
  return {
    url,
    apiKey: API_KEY,
    workerPid() {
      if (worker === undefined) throw new Error('no worker runs')
      return worker.pid
    },
    startWorker(flags = []) {
      const nodeFlags = [...options.workerFlags, ...flags]
      worker = startNode({
        program: 'apps/worker/src/main.ts',
        nodeFlags,
        env: { ...WORKER_MALLOC, ...env },
        onOutput,
        onDeath,
      })
    },
    stopWorker,
    stop,
  }
}

async function untilReady(url: string, api: NodeProcess): Promise<void> {
  const died = api.ended.then((told) => Promise.reject(new Error(told)))
  died.catch(() => undefined) // it also ends later, when it is stopped
  const deadline = Date.now() + READY_MS
  for (;;) {
    if (await Promise.race([isReady(url), died])) return
    if (Date.now() > deadline) throw new Error(`the API is not ready after ${READY_MS / 1000} s`)
    await sleep(50)
  }
}

async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/readyz`)).ok
  } catch {
    // The API does not listen yet.
    return false
  }
}
