// Tracks which dependencies are unavailable. Meanwhile the worker starts no export, and calls to the ledger are repeated.
import { setTimeout as sleep } from 'node:timers/promises'
import { waitOrAbort } from '@waybill/shared/async/abort.ts'
import type { Database } from '@waybill/shared/database/client.ts'
import { databaseFailure } from '@waybill/shared/database/failure.ts'
import { pingDatabase } from '@waybill/shared/database/ping.ts'
import type { Ledger } from '@waybill/shared/ledger/ledger.ts'
import { listQueued } from '@waybill/shared/ledger/queries.ts'
import type { Logger } from '@waybill/shared/process/log.ts'
import type { ExportQueue } from '@waybill/shared/queue/exports.ts'
import type { Config } from '@waybill/shared/settings/schema.ts'
import type { Storage } from '@waybill/shared/storage/storage.ts'
import { DEPENDENCIES, type Dependency, type Outage, WaybillError } from '@waybill/shared/vocabulary/errors.ts'
import { type Breaker, createBreaker, PROBE_TIMEOUT_MS } from './breaker.ts'

interface OutageDeps {
  readonly config: Config
  readonly db: Database
  readonly ledger: Ledger
  readonly queue: ExportQueue
  readonly storage: Storage
  readonly log: Logger
}

export interface Outages {
  /** An attempt has failed because this dependency was unavailable. */
  report(outage: Outage): void
  /** The dependencies that are unavailable. */
  unavailable(): readonly Dependency[]
  /** True: no export can succeed now, or it is not known yet. */
  isHolding(): boolean
  /** Called after each change of the above. */
  onChange(listener: () => void): void
  /** Whether the ledger was available for so long that a missing heartbeat says something about its worker. */
  isLedgerReliable(): boolean
  /** Reports an error of the ledger; other errors than of an outage are ignored. */
  reportLedger(error: unknown): void
  /**
   * Repeats a call to the ledger until the ledger has answered. `work` must be safe to repeat.
   *
   * @param signal rejects with its reason
   */
  persist<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T>
  stop(): void
}

const RETRY_DELAY_MS = 500

/** Exports of each lane whose jobs are added when a dependency returns. The reconciler adds the others. */
const BATCH = 500

export function createOutages(deps: OutageDeps): Outages {
  const { config, db, ledger, queue, storage, log } = deps
  const listeners: (() => void)[] = []
  const stopping = new AbortController()
  const { DATABASE_URL: ledgerUrl, SOURCE_DATABASE_URL: sourceUrl = ledgerUrl } = config
  const ping = (url: string) => pingDatabase(url, 'waybill-worker-probe', PROBE_TIMEOUT_MS)
  const probes: Record<Dependency, (signal: AbortSignal) => Promise<unknown>> = {
    storage: async (signal) => {
      try {
        await storage.probe(signal)
      } catch (error) {
        // A storage that refuses is available: exports find out why, and say so.
        if (!(error instanceof WaybillError) || error.outage !== undefined) throw error
      }
    },
    // Datasets of the ledger are read from the ledger's database.
    source: () => Promise.all([...new Set([sourceUrl, ledgerUrl])].map(ping)),
    ledger: () => ping(ledgerUrl),
  }
  const returned = async (outage: Outage) => {
    if (!(await persist(() => ledger.endWait(outage), stopping.signal))) return
    for (const job of await listQueued(db, BATCH)) await queue.addNow(job)
  }
  const create = (dependency: Dependency): Breaker =>
    createBreaker({
      probe: probes[dependency],
      onChange(state) {
        if (state === 'open') log.warn({ dependency }, 'unavailable: no export is started until it answers')
        for (const listener of listeners) listener()
      },
      onReturn() {
        log.info({ dependency }, 'available again')
        if (dependency === 'ledger') return
        const onError = (error: unknown) =>
          log.warn({ dependency, error }, 'the exports that wait could not be queued; the reconciler queues them')
        returned(dependency).catch(onError)
      },
    })
  const breakers = { storage: create('storage'), source: create('source'), ledger: create('ledger') }

  const reportLedger = (error: unknown) => {
    if (databaseFailure(error).kind === 'unavailable') breakers.ledger.report()
  }
  const persist = async <T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> => {
    for (;;) {
      signal.throwIfAborted()
      try {
        return await waitOrAbort(work(), signal)
      } catch (error) {
        signal.throwIfAborted()
        const { kind } = databaseFailure(error)
        if (kind !== 'unavailable' && kind !== 'timeout') throw error
        reportLedger(error)
        await sleep(RETRY_DELAY_MS, undefined, { signal })
        await breakers.ledger.whenClosed(signal)
      }
    }
  }
  // Exports may wait since before this worker was started, and the workers that knew why may be gone.
  const recheckEarlierOutages = async () => {
    for (const outage of await persist(() => ledger.listOutages(), stopping.signal)) breakers[outage].recheck()
  }
  recheckEarlierOutages().catch((error: unknown) => {
    if (!stopping.signal.aborted) log.warn({ error }, 'it is not known what the queued exports wait for')
  })

  return {
    report: (outage) => breakers[outage].report(),
    unavailable: () => DEPENDENCIES.filter((dependency) => breakers[dependency].state() === 'open'),
    isHolding: () => DEPENDENCIES.some((dependency) => breakers[dependency].state() !== 'closed'),
    onChange: (listener) => void listeners.push(listener),
    isLedgerReliable: () =>
      breakers.ledger.state() === 'closed' && breakers.ledger.msSinceReturn() >= config.WORKER_LOCK,
    reportLedger,
    persist,
    stop() {
      stopping.abort()
      for (const dependency of DEPENDENCIES) breakers[dependency].stop()
    },
  }
}
