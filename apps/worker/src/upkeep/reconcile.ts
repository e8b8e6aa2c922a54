// Brings the queue and the storage in line with the ledger: adds lost jobs, removes old objects.
import { setTimeout as sleep } from 'node:timers/promises'
import { EXPORTS_PREFIX, exportPrefix, prefixOf } from '@waybill/shared/ledger/artifact.ts'
import { listExpired, listQueued } from '@waybill/shared/ledger/queries.ts'
import type { ReconcilerDeps } from '../context.ts'
import { anchorTrail } from './anchor-trail.ts'
import { addLostDeliveries, deleteOldDeliveries, reencryptWebhookSecrets } from './reconcile-webhooks.ts'

/** Exports that one step of a round handles; the next round handles the rest. */
const MAX_ROWS_PER_STEP = 500

/** Any number, as long as every worker uses the same. */
const ADVISORY_LOCK_ID = 5_922_119_455

/** Added to EXPORT_TIMEOUT: an upload of a running export must never look stale, however much clocks differ. */
const STALE_UPLOAD_MARGIN_MS = 3_600_000

const ROUND_TIMEOUT_MS = 120_000

/** After a round in which the queue or the ledger was unavailable: exports wait for their jobs. */
const RETRY_INTERVAL_MS = 3_000

/** A storage that hangs must not keep the reconciler from exports whose worker was lost. */
const STORAGE_TIMEOUT_MS = 10_000

/**
 * The server releases the lock of a worker that was silent for so long. This is not WORKER_LOCK, which may be minutes:
 * without a reconciler for that long, lost exports would wait. Losing the lock does no harm, as each step may be repeated.
 */
const LOCK_IDLE_TIMEOUT_MS = 10_000

const storageTimeout = () => AbortSignal.timeout(STORAGE_TIMEOUT_MS)

/** Runs a round every `RECONCILE_INTERVAL`. Only one worker runs a round at a time. */
export function startReconciler(deps: ReconcilerDeps): { stop(): Promise<void> } {
  const { config, log } = deps
  const stopping = new AbortController()
  const loop = async () => {
    while (!stopping.signal.aborted) {
      let areJobsAdded = false
      try {
        areJobsAdded = await reconcileWithLock(deps, stopping.signal)
      } catch (error) {
        deps.outages.reportLedger(error)
        log.warn({ error }, 'a round of the reconciler failed; the next round repeats it')
      }
      const interval = config.RECONCILE_INTERVAL
      await sleep(areJobsAdded ? interval : Math.min(interval, RETRY_INTERVAL_MS), undefined, {
        signal: stopping.signal,
      }).catch(() => undefined)
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

/** Does nothing when another worker holds the lock. False: the queue was unavailable. */
async function reconcileWithLock(deps: ReconcilerDeps, stopping: AbortSignal): Promise<boolean> {
  const idleTimeoutMs = Math.min(deps.config.WORKER_LOCK, LOCK_IDLE_TIMEOUT_MS)
  return deps.db.$transaction(
    async (tx) => {
      // A worker that stands still, or whose network is cut, must not keep the lock: the server ends its session.
      await tx.$queryRaw`SELECT set_config('idle_in_transaction_session_timeout', ${String(idleTimeoutMs)}, true)`
      const [lock] = await tx.$queryRaw<
        [{ held: boolean }]
      >`SELECT pg_try_advisory_xact_lock(${ADVISORY_LOCK_ID}) AS held`
      if (!lock.held) return true
      const keepAlive = setInterval(() => void tx.$queryRaw`SELECT 1`.catch(() => undefined), idleTimeoutMs / 3)
      try {
        return await reconcile(deps, stopping)
      } finally {
        clearInterval(keepAlive)
      }
    },
    { timeout: ROUND_TIMEOUT_MS },
  )
}

const STEPS = [
  addLostJobs,
  failOverdue,
  removeExpired,
  addLostDeliveries,
  removeLeftovers,
  abortStaleUploads,
  deleteOldDeliveries,
  reencryptWebhookSecrets,
  anchorTrail,
] as const

/**
 * One round. Each step may be repeated and may be interrupted anywhere. A step that fails does not stop the others.
 *
 * @returns whether the missing jobs were added
 */
async function reconcile(deps: ReconcilerDeps, stopping: AbortSignal): Promise<boolean> {
  let areJobsAdded = true
  for (const step of STEPS) {
    if (stopping.aborted) break
    try {
      await step(deps, stopping)
    } catch (error) {
      if (step === addLostJobs) areJobsAdded = false
      deps.log.warn({ step: step.name, error }, 'a step of the reconciler failed; the next round repeats it')
    }
  }
  return areJobsAdded
}

async function addLostJobs({ db, queue }: ReconcilerDeps, stopping: AbortSignal): Promise<void> {
  for (const waiting of await listQueued(db, MAX_ROWS_PER_STEP)) {
    if (stopping.aborted) return
    // Both do nothing when the job is there. One that is still delayed was made before its dependency returned.
    await (waiting.hasWaited ? queue.addNow(waiting) : queue.add(waiting))
  }
}

/** Exports whose dependency did not return in time. */
async function failOverdue({ config, ledger, workerName, log }: ReconcilerDeps): Promise<void> {
  for (const exportId of await ledger.failOverdue(config.EXPORT_DEADLINE, workerName)) {
    log.error({ exportId }, 'export failed: its deadline has passed')
  }
}

async function removeExpired(deps: ReconcilerDeps, stopping: AbortSignal): Promise<void> {
  const { db, ledger, storage, workerName } = deps
  for (const { id, status } of await listExpired(db, MAX_ROWS_PER_STEP)) {
    if (stopping.aborted) return
    if (status === 'completed' && !(await ledger.expire(id, workerName))) continue
    await storage.removeAll(exportPrefix(id), storageTimeout())
    await ledger.forgetArtifact(id)
  }
}

async function removeLeftovers({ ledger, storage, log }: ReconcilerDeps, stopping: AbortSignal): Promise<void> {
  for (const upload of await ledger.listLeftovers(MAX_ROWS_PER_STEP)) {
    if (stopping.aborted) return
    const prefix = { fullKey: prefixOf(upload.key) }
    if (upload.uploadId !== null) await storage.abortUpload({ fullKey: upload.key }, upload.uploadId, storageTimeout())
    // Uploads whose id was not recorded, where the server can list them.
    await storage.abortUploads(prefix, { signal: storageTimeout() })
    await storage.removeAll(prefix, storageTimeout())
    await ledger.recordSweep(upload)
    log.info({ exportId: upload.exportId, key: upload.key }, 'objects of a lost attempt were removed')
  }
}

/** Uploads of workers that died between the start of the upload and the recording of its id. */
async function abortStaleUploads({ config, storage }: ReconcilerDeps): Promise<void> {
  const before = new Date(Date.now() - config.EXPORT_TIMEOUT - STALE_UPLOAD_MARGIN_MS)
  await storage.abortUploads(EXPORTS_PREFIX, { before, signal: storageTimeout() })
}
