// Limits the webhooks that are sent at once to one receiver and for one caller, so that a slow one does not block the others.

/** The receiver of a delivery. */
export interface Receiver {
  readonly endpointId: string | null
  /** The caller who set the `webhookUrl`; null: the receiver is an endpoint. */
  readonly requesterId: string | null
  readonly url: string | null
}

export interface Receivers {
  /** A permit to send; or, when all permits are in use, milliseconds to wait before the next try. */
  acquire(receiver: Receiver): { release(): void } | { readonly retryAfterMs: number }
}

/** Webhooks to one receiver at once, in one worker. */
const PERMITS_PER_RECEIVER = 3

/** All receivers of one caller may use this share of the worker's concurrency. A caller can name any number of hosts. */
const PERMIT_SHARE_PER_CALLER = 1 / 10

const MIN_RETRY_AFTER_MS = 500

/** About as long as a permit is in use when the receiver does not answer. */
const BASE_RETRY_AFTER_MS = 10_000

const MAX_RETRY_AFTER_MS = 5 * 60_000

/** @param concurrency webhooks that this worker sends at once */
export function createReceivers(concurrency: number, now: () => number = () => performance.now()): Receivers {
  const inUse = new Map<string, number>()
  /** By limit: when each waiting delivery tries again. */
  const retries = new Map<string, number[]>()
  const permitsPerCaller = Math.max(1, Math.floor(concurrency * PERMIT_SHARE_PER_CALLER))

  /** Random, so that waiting deliveries do not return together; longer the more of them wait for each permit. */
  const retryAfter = ({ name, permits }: Limit): number => {
    const time = now()
    const waiting = (retries.get(name) ?? []).filter((retryAt) => retryAt > time)
    const longest = Math.min(MAX_RETRY_AFTER_MS, BASE_RETRY_AFTER_MS * Math.max(1, waiting.length / permits))
    const delay = MIN_RETRY_AFTER_MS + Math.random() * (longest - MIN_RETRY_AFTER_MS)
    retries.set(name, [...waiting, time + delay])
    return delay
  }
  const release = ({ name }: Limit): void => {
    const left = (inUse.get(name) ?? 1) - 1
    if (left > 0) return void inUse.set(name, left)
    inUse.delete(name)
    if ((retries.get(name) ?? []).every((retryAt) => retryAt <= now())) retries.delete(name)
  }

  return {
    acquire(receiver) {
      const limits = limitsOf(receiver, permitsPerCaller)
      const full = limits.find(({ name, permits }) => (inUse.get(name) ?? 0) >= permits)
      if (full !== undefined) return { retryAfterMs: retryAfter(full) }
      for (const { name } of limits) inUse.set(name, (inUse.get(name) ?? 0) + 1)
      return { release: () => limits.forEach(release) }
    },
  }
}

interface Limit {
  readonly name: string
  readonly permits: number
}

/** The URLs of callers count by host, as a caller can name any path, and all URLs of one caller count together. */
function limitsOf({ endpointId, requesterId, url }: Receiver, permitsPerCaller: number): Limit[] {
  if (endpointId !== null) return [{ name: `endpoint ${endpointId}`, permits: PERMITS_PER_RECEIVER }]
  const host = url !== null && URL.canParse(url) ? new URL(url).host : ''
  return [
    { name: `host ${host}`, permits: PERMITS_PER_RECEIVER },
    { name: `caller ${requesterId}`, permits: permitsPerCaller },
  ]
}
