// Asks everything that the service needs whether it answers: one question at a time, however many want to know.
import { withTimeout } from '@waybill/shared/async/timeout.ts'
import type { ServerDeps } from '../deps.ts'
import { keepFresh } from '../http/fresh.ts'

export type DependencyState = 'ok' | 'away'

/** Milliseconds that a dependency may take to answer. */
const TIMEOUT = 2_000

/** Milliseconds for which an answer holds. */
const FRESH = 1_000

export type DependencyCheck = () => Promise<Record<string, DependencyState>>

/** Each by its name. For anybody, so one for all who ask. */
export function createDependencyCheck({ db, readers, queue, storage, log }: ServerDeps): DependencyCheck {
  const checks: Readonly<Record<string, (signal: AbortSignal) => Promise<unknown>>> = {
    database: () => db.$queryRaw`SELECT 1`,
    source: () => readers.source.$queryRaw`SELECT 1`,
    queue: () => queue.check(),
    storage: (signal) => storage.check(signal),
  }
  /** Those whose reason is in the log: it is told once, not at every look. */
  const away = new Set<string>()
  const check = async (name: string, ask: (signal: AbortSignal) => Promise<unknown>) => {
    try {
      await withTimeout(TIMEOUT, ask(AbortSignal.timeout(TIMEOUT)), () => new Error('no answer in time'))
      if (away.delete(name)) log.info({ dependency: name }, 'ready again')
      return [name, 'ok'] as const
    } catch (error) {
      // The reason may name hosts and users: it is for the log, the answer is for anybody.
      if (!away.has(name)) log.warn({ dependency: name, error }, 'not ready')
      away.add(name)
      return [name, 'away'] as const
    }
  }
  return keepFresh(FRESH, async () =>
    Object.fromEntries(await Promise.all(Object.entries(checks).map(([name, ask]) => check(name, ask)))),
  )
}
