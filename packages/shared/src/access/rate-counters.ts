// Counts events per key and time window, shared by all processes if Redis is configured.
import { Redis } from 'ioredis'
import { RateLimiterMemory, RateLimiterRedis } from 'rate-limiter-flexible'
import { backendOf } from '../queue/backend.ts'
import type { Config } from '../settings/schema.ts'

export interface Count {
  /** Including this event. */
  readonly used: number
  /** Milliseconds until the counter is reset. */
  readonly resetIn: number
}

export interface Counter {
  /** Adds one. Never waits long and never fails: if Redis is unavailable, this process counts alone. */
  add(key: string): Promise<Count>
}

export interface Counters {
  /** @param name what is counted @param seconds length of the window, which starts with the first event */
  create(name: string, seconds: number): Counter
  close(): void
}

/** A request waits for the counter, so this is short. */
const REDIS_COMMAND_TIMEOUT_MS = 200

const REDIS_RECONNECT_DELAY_MS = 1_000

/** Disables the limit of the library: the caller compares the count with its own limit. */
const NO_LIMIT = Number.MAX_SAFE_INTEGER

/** Connects to Redis when the first counter is created, so that a process without counters has no connection. */
export function createCounters(
  config: Pick<Config, 'REDIS_URL' | 'QUEUE_PREFIX'>,
  onError: (error: Error) => void,
): Counters {
  const backend = backendOf(config)
  let redis: Redis | undefined
  return {
    create(name, seconds) {
      const options = { keyPrefix: `${config.QUEUE_PREFIX}:count:${name}`, points: NO_LIMIT, duration: seconds }
      const local = new RateLimiterMemory(options)
      if (backend.name !== 'redis') return { add: (key) => count(local, key) }
      redis ??= connect(backend.url, onError)
      return inRedis(
        redis,
        new RateLimiterRedis({ ...options, storeClient: redis, rejectIfRedisNotReady: true }),
        local,
      )
    },
    close: () => redis?.disconnect(),
  }
}

function inRedis(redis: Redis, shared: RateLimiterRedis, local: RateLimiterMemory): Counter {
  return {
    async add(key) {
      try {
        return await count(shared, key)
      } catch (error) {
        // Drop a connection that hangs. Until the next one is established, no request waits for Redis.
        if ((error as Error).name !== 'ReplyError') redis.stream?.destroy()
        return count(local, key)
      }
    },
  }
}

/** `penalty` counts without a limit. */
async function count(limiter: RateLimiterMemory | RateLimiterRedis, key: string): Promise<Count> {
  const { consumedPoints, msBeforeNext } = await limiter.penalty(key)
  return { used: consumedPoints, resetIn: Math.max(0, msBeforeNext) }
}

/** Fails immediately while disconnected: commands are not queued in memory. */
function connect(url: string, onError: (error: Error) => void): Redis {
  const redis = new Redis(url, {
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    commandTimeout: REDIS_COMMAND_TIMEOUT_MS,
    connectTimeout: 2_000,
    retryStrategy: () => REDIS_RECONNECT_DELAY_MS,
  })
  redis.on('error', onError)
  return redis
}
