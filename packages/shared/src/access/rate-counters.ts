// Counts how often something happens in a while: for all processes together in Redis, where there is one.
import { Redis } from 'ioredis'
import { RateLimiterMemory, RateLimiterRedis } from 'rate-limiter-flexible'
import type { Config } from '../settings/schema.ts'

export interface Count {
  /** This time included. */
  readonly used: number
  /** Milliseconds until it starts again from nothing. */
  readonly resetIn: number
}

export interface Counter {
  /** Counts once more under this key. Never waits long and never fails: without Redis, this process counts alone. */
  add(key: string): Promise<Count>
}

export interface Counters {
  /** @param name of what is counted. @param seconds the while, from the first time on */
  create(name: string, seconds: number): Counter
  close(): void
}

/** Milliseconds that Redis may take. A request waits for it. */
const PATIENCE = 200

/** Milliseconds between two tries to find a Redis that is away. */
const RECONNECT = 1_000

/** The library's own limit, which is not used: whoever counts knows what is too much. */
const NO_LIMIT = Number.MAX_SAFE_INTEGER

/** Connects to Redis with the first counter that is made, so that a process which counts nothing does not. */
export function createCounters(
  { REDIS_URL: url, QUEUE_PREFIX: prefix }: Pick<Config, 'REDIS_URL' | 'QUEUE_PREFIX'>,
  onError: (error: Error) => void,
): Counters {
  let redis: Redis | undefined
  return {
    create(name, seconds) {
      const options = { keyPrefix: `${prefix}:count:${name}`, points: NO_LIMIT, duration: seconds }
      const alone = new RateLimiterMemory(options)
      if (url === undefined) return { add: (key) => count(alone, key) }
      redis ??= connect(url, onError)
      return inRedis(
        redis,
        new RateLimiterRedis({ ...options, storeClient: redis, rejectIfRedisNotReady: true }),
        alone,
      )
    },
    close: () => redis?.disconnect(),
  }
}

function inRedis(redis: Redis, shared: RateLimiterRedis, alone: RateLimiterMemory): Counter {
  return {
    async add(key) {
      try {
        return await count(shared, key)
      } catch (error) {
        // One that hangs is left for a new connection: until that is made, nobody waits for it again.
        if ((error as Error).name !== 'ReplyError') redis.stream?.destroy()
        return count(alone, key)
      }
    },
  }
}

/** `penalty`, as the library calls it: counts, and refuses nothing. */
async function count(limiter: RateLimiterMemory | RateLimiterRedis, key: string): Promise<Count> {
  const { consumedPoints, msBeforeNext } = await limiter.penalty(key)
  return { used: consumedPoints, resetIn: Math.max(0, msBeforeNext) }
}

/** Refuses at once what it cannot send at once: nothing is kept in memory for a Redis that may come back. */
function connect(url: string, onError: (error: Error) => void): Redis {
  const redis = new Redis(url, {
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    commandTimeout: PATIENCE,
    connectTimeout: 2_000,
    retryStrategy: () => RECONNECT,
  })
  redis.on('error', onError)
  return redis
}
