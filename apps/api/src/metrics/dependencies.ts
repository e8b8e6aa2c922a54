// Health checks of the dependencies, shared by all requests that arrive at the same time.
import { singleFlight } from '@waybill/shared/async/single-flight.ts'
import { withTimeout } from '@waybill/shared/async/timeout.ts'

import type { ServerDeps } from '../deps.ts'

type DependencyState = 'ok' | 'away'

const CHECK_TIMEOUT_MS = 2_000

/** Public routes use the check, so its result is reused for this long. */
const CACHE_MS = 1_000

export type DependencyCheck = () => Promise<Record<string, DependencyState>>

/** The state of each dependency by its name. */
export function createDependencyCheck({ db, readers, queue, storage, log }: ServerDeps): DependencyCheck {
  const checks: Readonly<Record<string, (signal: AbortSignal) => Promise<unknown>>> = {
    database: () => db.$queryRaw`SELECT 1`,
    source: () => readers.source.$queryRaw`SELECT 1`,
    queue: () => queue.check(),
    storage: (signal) => storage.check(signal),
  }
  /** The unavailable ones whose reason has been logged: once, not with each check. */
  const away = new Set<string>()
  const check = async (name: string, ping: (signal: AbortSignal) => Promise<unknown>) => {
    try {
      await withTimeout(CHECK_TIMEOUT_MS, ping(AbortSignal.timeout(CHECK_TIMEOUT_MS)), () => new Error('timed out'))
      if (away.delete(name)) log.info({ dependency: name }, 'ready again')
      return [name, 'ok'] as const
    } catch (error) {
      // The reason may contain names of hosts and users. It goes to the log, because the response is public.
      if (!away.has(name)) log.warn({ dependency: name, error }, 'not ready')
      away.add(name)
      return [name, 'away'] as const
    }
  }
  return singleFlight(CACHE_MS, async () =>
    Object.fromEntries(await Promise.all(Object.entries(checks).map(([name, ping]) => check(name, ping)))),
  )
}
