// Keeps the queue and the storage true to the ledger: adds lost jobs, revives lost exports, removes what has expired.
import { setTimeout as sleep } from 'node:timers/promises'
import { exportPrefix } from '@waybill/shared/artifact.ts'
import type { Config } from '@waybill/shared/config.ts'
import type { Database } from '@waybill/shared/database.ts'
import type { Ledger } from '@waybill/shared/ledger.ts'
import { listExpired, listQueued } from '@waybill/shared/ledger-queries.ts'
import type { Logger } from '@waybill/shared/log.ts'
import type { ExportQueue } from '@waybill/shared/queue.ts'
import type { Storage } from '@waybill/shared/storage.ts'

export interface ReconcilerDeps {
  readonly config: Config
  readonly db: Database
  readonly ledger: Ledger
  readonly queue: ExportQueue
  readonly storage: Storage
  readonly log: Logger
  /** Shown in the trail. */
  readonly name: string
}

/** Exports handled in one round at most; the rest has its turn in the next. */
const BATCH = 500

/** An export that has been started this often and lost its worker each time ends (faults.md, 10). */
const MAX_LOST_STARTS = 3

/** Any number, so long as every worker uses the same. */
const ADVISORY_LOCK = 5_922_119_455

/** Runs a round now and then every `RECONCILE_INTERVAL`, in one worker of all at a time. */
export function startReconciler(deps: ReconcilerDeps): { stop(): Promise<void> } {
  const { config, log } = deps
  const stopping = new AbortController()
  const loop = async () => {
    while (!stopping.signal.aborted) {
      try {
        await reconcileIfFirst(deps)
      } catch (error) {
        log.warn({ error }, 'a round of the reconciler failed; the next one goes on')
      }
      await sleep(config.RECONCILE_INTERVAL, undefined, { signal: stopping.signal }).catch(() => undefined)
    }
  }
  const looping = loop()
  return {
    async stop() {
      stopping.abort()
      await looping
    },
  }
}

async function reconcileIfFirst(deps: ReconcilerDeps): Promise<void> {
  await deps.db.$transaction(
    async (tx) => {
      const [lock] = await tx.$queryRaw<[{ held: boolean }]>`SELECT pg_try_advisory_xact_lock(${ADVISORY_LOCK}) AS held`
      if (lock.held) await reconcile(deps)
    },
    { timeout: 120_000 },
  )
}

/** One round. Every step may be repeated, and may be interrupted anywhere. */
export async function reconcile({ config, db, ledger, queue, storage, log, name }: ReconcilerDeps): Promise<void> {
  await ledger.reviveLost(config.WORKER_LOCK, MAX_LOST_STARTS, name)

  for (const id of await listQueued(db, BATCH)) {
    await queue.add(id) // does nothing when the job is there
  }

  for (const { id, status } of await listExpired(db, BATCH)) {
    if (status === 'completed' && !(await ledger.expire(id, name))) continue
    try {
      await storage.removeAll(exportPrefix(config.S3_PREFIX, id))
      await ledger.forgetArtifact(id)
    } catch (error) {
      log.warn({ exportId: id, error }, 'the file of an expired export could not be removed; tried again later')
    }
  }
}
