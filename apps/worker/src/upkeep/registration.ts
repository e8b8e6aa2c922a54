// Registers this worker in the list of workers that operators see. Nothing else depends on that list.
import { randomUUID } from 'node:crypto'
import { withTimeout } from '@waybill/shared/async/timeout.ts'
import type { Database } from '@waybill/shared/database/client.ts'
import { REGISTRATION_INTERVAL_MS, recordWorker, removeWorker } from '@waybill/shared/ledger/workers.ts'
import type { Logger } from '@waybill/shared/process/log.ts'

export interface RegistrationDeps {
  readonly db: Database
  readonly log: Logger
  readonly name: string
  readonly concurrency: number
  /** How many exports run now. */
  readonly running: () => number
}

/** A database that is unavailable must not keep the worker from stopping. */
const REMOVE_TIMEOUT_MS = 1_000

export interface Registration {
  /** Milliseconds since the last successful renewal. Undefined: there was none yet. */
  age(): number | undefined
  stop(): Promise<void>
}

/** Renews the registration until it is stopped. */
export function startRegistration({ db, log, name, concurrency, running }: RegistrationDeps): Registration {
  const id = randomUUID()
  let recording: Promise<void> | undefined
  let recordedAt: number | undefined
  const record = async () => {
    try {
      await recordWorker(db, { id, name, concurrency, running: running() })
      recordedAt = performance.now()
    } catch (error) {
      log.debug({ error }, 'the worker could not be registered')
    } finally {
      recording = undefined
    }
  }
  const timer = setInterval(() => {
    recording ??= record()
  }, REGISTRATION_INTERVAL_MS)
  recording = record()

  return {
    age: () => (recordedAt === undefined ? undefined : performance.now() - recordedAt),
    async stop() {
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
