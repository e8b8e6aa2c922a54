// Says now and then that this worker is there, for the list that operators see. Nothing depends on it.
import { randomUUID } from 'node:crypto'
import { withTimeout } from '@waybill/shared/async/timeout.ts'
import type { Database } from '@waybill/shared/database/client.ts'
import { recordWorker, removeWorker, SIGN_INTERVAL } from '@waybill/shared/ledger/workers.ts'
import type { Logger } from '@waybill/shared/process/log.ts'

export interface PresenceDeps {
  readonly db: Database
  readonly log: Logger
  readonly name: string
  readonly concurrency: number
  /** How many exports it runs now. */
  readonly running: () => number
}

/** A database that is away must not keep a worker from stopping (milliseconds). */
const GOODBYE_TIMEOUT = 1_000

export function startPresence({ db, log, name, concurrency, running }: PresenceDeps): { stop(): Promise<void> } {
  const id = randomUUID()
  let saying: Promise<void> | undefined
  const say = async () => {
    try {
      await recordWorker(db, { id, name, concurrency, running: running() })
    } catch (error) {
      log.debug({ error }, 'the list of workers could not be told of this one')
    } finally {
      saying = undefined
    }
  }
  const timer = setInterval(() => {
    saying ??= say()
  }, SIGN_INTERVAL)
  saying = say()

  return {
    async stop() {
      clearInterval(timer)
      const leave = async () => {
        // A sign that is on its way would put it on the list again.
        await saying
        await removeWorker(db, id)
      }
      try {
        await withTimeout(GOODBYE_TIMEOUT, leave(), () => new Error('no answer in time'))
      } catch (error) {
        log.debug({ error }, 'the list of workers still has this one; it is forgotten in time')
      }
    },
  }
}
