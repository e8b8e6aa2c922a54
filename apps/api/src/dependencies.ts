// Asks everything that the service needs whether it answers.
import { within } from '@waybill/shared/within.ts'
import type { ServerDeps } from './server.ts'

export type DependencyState = 'ok' | 'away'

/** Milliseconds that a dependency may take to answer. */
const TIMEOUT = 2_000

/** Each by its name. */
export function createDependencyCheck({ db, readers, queue, storage, log }: ServerDeps) {
  const checks: Readonly<Record<string, (signal: AbortSignal) => Promise<unknown>>> = {
    database: () => db.$queryRaw`SELECT 1`,
    source: () => readers.source.$queryRaw`SELECT 1`,
    queue: () => queue.check(),
    storage: (signal) => storage.check(signal),
  }
  const check = async (name: string, ask: (signal: AbortSignal) => Promise<unknown>) => {
    try {
      await within(TIMEOUT, ask(AbortSignal.timeout(TIMEOUT)), () => new Error('no answer in time'))
      return [name, 'ok'] as const
    } catch (error) {
      // The reason may name hosts and users: it is for the log, the answer is for anybody.
      log.warn({ dependency: name, error }, 'not ready')
      return [name, 'away'] as const
    }
  }
  return async (): Promise<Record<string, DependencyState>> =>
    Object.fromEntries(await Promise.all(Object.entries(checks).map(([name, ask]) => check(name, ask))))
}
