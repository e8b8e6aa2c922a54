// Registers this worker in the list of workers that operators see. Nothing else depends on that list.
import { randomUUID } from 'node:crypto'
import { withTimeout } from '@waybill/shared/async/timeout.ts'
import type { Database } from '@waybill/shared/database/client.ts'
import { REGISTRATION_INTERVAL_MS, recordWorker, removeWorker } from '@waybill/shared/ledger/workers.ts'
import type { Logger } from '@waybill/shared/process/log.ts'
import type { Dependency } from '@waybill/shared/vocabulary/errors.ts'

export interface RegistrationDeps {
  readonly db: Database
  readonly log: Logger
  readonly name: string
  readonly concurrency: number
  /** How many exports run now. */
  readonly running: () => number
  /** Dependencies that it cannot reach now. */
  readonly unavailable: () => readonly Dependency[]
}

export interface Registration {
  /** Milliseconds since the last successful renewal. Undefined: there was none yet. */
  age(): number | undefined
  /** Renews the registration now. */
  renew(): void
  stop(): Promise<void>
}

/** A database that is unavailable must not keep the worker from stopping. */
const REMOVE_TIMEOUT_MS = 1_000

/** Renews the registration until it is stopped. */
export function startRegistration(deps: RegistrationDeps): Registration {
  const { db, log, name, concurrency, running, unavailable } = deps
  const id = randomUUID()
  let recording: Promise<void> | undefined
  let recordedAt: number | undefined
  const record = async () => {
    try {
      await recordWorker(db, { id, name, concurrency, running: running(), unavailable: unavailable() })
      recordedAt = performance.now()
    } catch (error) {
      log.debug({ error }, 'the worker could not be registered')
    } finally {
      recording = undefined
    }
  }
  let isStopped = false
  const start = () => {
    if (!isStopped) recording ??= record()
  }
  const renew = () => {
    if (recording === undefined) start()
    // What is being recorded may be outdated already.
    else void recording.then(start)
  }
  const timer = setInterval(start, REGISTRATION_INTERVAL_MS)
  start()

  return {
    age: () => (recordedAt === undefined ? undefined : performance.now() - recordedAt),
    renew,
    async stop() {
      isStopped = true
      clearInterval(timer)
      const remove = async () => {
        // A registration in progress would add the worker again.
        await recording
        await removeWorker(db, id)
      }
      try {
        await withTimeout(REMOVE_TIMEOUT_MS, remove(), () => new Error('the database did not answer in time'))
      } catch (error) {
        log.debug({ error }, 'the registration of the worker could not be removed; it expires')
      }
    },
  }
}
