// Keeps the queue and the storage true to the ledger: adds lost jobs, revives lost exports, removes what is over.
import { setTimeout as sleep } from 'node:timers/promises'
import { EXPORTS_PREFIX, exportPrefix, prefixOf } from '@waybill/shared/ledger/artifact.ts'
import { listExpired, listQueued } from '@waybill/shared/ledger/queries.ts'
import type { ReconcilerDeps } from '../context.ts'
import { addLostDeliveries, forgetOldDeliveries, reencryptWebhookSecrets } from './reconcile-webhooks.ts'

/** Exports handled in one step of a round at most; the rest has its turn in the next. */
const BATCH = 500

/** Any number, so long as every worker uses the same. */
const ADVISORY_LOCK = 5_922_119_455

/** No upload is touched that may still be under way, whatever the clocks say (milliseconds). */
const STALE_MARGIN = 3_600_000

/** How long one round may hold its turn (milliseconds). */
const ROUND_TIMEOUT = 120_000

/** A storage that hangs must not keep the reconciler from exports that wait to be revived (milliseconds). */
const STORAGE_PATIENCE = 10_000

/**
 * How long a worker that holds the turn may be silent before the server takes it away (milliseconds). Not WORKER_LOCK,
 * which may be minutes: losing the turn does no harm, as each step may be repeated, but nobody having it does.
 */
const TURN_PATIENCE = 10_000

const patience = () => AbortSignal.timeout(STORAGE_PATIENCE)

/** Runs a round now and then every `RECONCILE_INTERVAL`, in one worker of all at a time. */
export function startReconciler(deps: ReconcilerDeps): { stop(): Promise<void> } {
  const { config, log } = deps
  const stopping = new AbortController()
  const loop = async () => {
    while (!stopping.signal.aborted) {
      try {
        await reconcileIfFirst(deps, stopping.signal)
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

async function reconcileIfFirst(deps: ReconcilerDeps, stopping: AbortSignal): Promise<void> {
  const patience = Math.min(deps.config.WORKER_LOCK, TURN_PATIENCE)
  await deps.db.$transaction(
    async (tx) => {
      // A worker that stands still, or that the network has swallowed, must not keep its turn: the server takes it.
      await tx.$queryRaw`SELECT set_config('idle_in_transaction_session_timeout', ${String(patience)}, true)`
      const [lock] = await tx.$queryRaw<[{ held: boolean }]>`SELECT pg_try_advisory_xact_lock(${ADVISORY_LOCK}) AS held`
      if (!lock.held) return
      const alive = setInterval(() => void tx.$queryRaw`SELECT 1`.catch(() => undefined), patience / 3)
      try {
        await reconcile(deps, stopping)
      } finally {
        clearInterval(alive)
      }
    },
    { timeout: ROUND_TIMEOUT },
  )
}

const STEPS = [
  reviveLost,
  addLostJobs,
  removeExpired,
  addLostDeliveries,
  removeLeftovers,
  abortStaleUploads,
  forgetOldDeliveries,
  reencryptWebhookSecrets,
] as const

/** One round. Each step may be repeated, and may be interrupted anywhere; one that fails does not hold up the others. */
export async function reconcile(deps: ReconcilerDeps, stopping: AbortSignal): Promise<void> {
  for (const step of STEPS) {
    if (stopping.aborted) return
    try {
      await step(deps, stopping)
    } catch (error) {
      deps.log.warn({ step: step.name, error }, 'a step of the reconciler failed; the next round tries again')
    }
  }
}

async function reviveLost({ config, ledger, workerName, log }: ReconcilerDeps): Promise<void> {
  for (const exportId of await ledger.reviveLost(config.WORKER_LOCK, workerName)) {
    log.warn({ exportId }, 'the worker of an export was lost; it is queued again')
  }
}

async function addLostJobs({ db, queue }: ReconcilerDeps, stopping: AbortSignal): Promise<void> {
  for (const waiting of await listQueued(db, BATCH)) {
    if (stopping.aborted) return
    await queue.add(waiting) // does nothing when the job is there
  }
}

async function removeExpired(deps: ReconcilerDeps, stopping: AbortSignal): Promise<void> {
  const { db, ledger, storage, workerName } = deps
  for (const { id, status } of await listExpired(db, BATCH)) {
    if (stopping.aborted) return
    if (status === 'completed' && !(await ledger.expire(id, workerName))) continue
    await storage.removeAll(exportPrefix(id), patience())
    await ledger.forgetArtifact(id)
  }
}

async function removeLeftovers({ ledger, storage, log }: ReconcilerDeps, stopping: AbortSignal): Promise<void> {
  for (const upload of await ledger.listLeftovers(BATCH)) {
    if (stopping.aborted) return
    const prefix = { fullKey: prefixOf(upload.key) }
    if (upload.uploadId !== null) await storage.abortUpload({ fullKey: upload.key }, upload.uploadId, patience())
    // Uploads whose id was not recorded, where the server can list them.
    await storage.abortUploads(prefix, { signal: patience() })
    await storage.removeAll(prefix, patience())
    await ledger.recordSweep(upload)
    log.info({ exportId: upload.exportId, key: upload.key }, 'what a lost attempt had written was removed')
  }
}

/** Uploads of workers that died after the storage had begun one and before they could note its id. */
async function abortStaleUploads({ config, storage }: ReconcilerDeps): Promise<void> {
  const before = new Date(Date.now() - config.EXPORT_TIMEOUT - STALE_MARGIN)
  await storage.abortUploads(EXPORTS_PREFIX, { before, signal: patience() })
}
