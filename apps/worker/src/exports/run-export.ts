// The story of one attempt: claim, read, encode, store, publish; or hand back, or fail.
import { randomUUID } from 'node:crypto'
import { datasetOf, requireRights } from '@waybill/shared/access/rights.ts'
import { retryWhileUnavailable } from '@waybill/shared/database/retry.ts'
import type { ExportRow } from '@waybill/shared/ledger/export-row.ts'
import type { Artifact, Attempt } from '@waybill/shared/ledger/ledger.ts'
import type { ExportDeps } from '../context.ts'
import { AttemptLost, startPulse } from './pulse.ts'
import { type Outcome, settle } from './settle.ts'
import { writeArtifact } from './write-artifact.ts'

/**
 * Runs one attempt to its end. Does not throw for what goes wrong with the export, only when the ledger cannot
 * be reached for too long; then the export stays as it is until its heartbeat is found to be old.
 *
 * @param stopping aborts with WorkerStopping when the process is to end
 */
export async function runExport(deps: ExportDeps, exportId: string, stopping: AbortSignal): Promise<Outcome> {
  const { config, datasets, db, ledger, log, workerName } = deps
  const attempt: Attempt = { exportId, token: randomUUID(), worker: workerName }
  const row = await claim(deps, attempt)
  if (row === undefined) return { kind: 'not-mine' }
  log.info({ exportId, attempt: row.attempts, dataset: row.dataset, format: row.format }, 'export started')
  const checkRights = () => requireRights(db, row.requesterId, datasetOf(datasets, row.dataset))
  const pulse = startPulse(ledger, attempt, {
    stopping,
    lostAfter: config.WORKER_LOCK,
    timeout: config.EXPORT_TIMEOUT,
    requireRights: checkRights,
  })
  let artifact: Artifact
  try {
    // The key may have been revoked or narrowed while the export waited; the pulse asks again each second.
    await retryWhileUnavailable(config.WORKER_LOCK, checkRights)
    artifact = await writeArtifact(deps, row, attempt, pulse)
  } catch (error) {
    pulse.stop()
    return settle(deps, row, attempt, error)
  }
  try {
    // When this cannot be known to have happened or not, nothing may be removed: the row may name the object.
    const published = await retryWhileUnavailable(config.WORKER_LOCK, () =>
      ledger.complete(attempt, artifact, config.EXPORT_TTL),
    )
    if (!published) return await settle(deps, row, attempt, new AttemptLost())
    log.info({ exportId, rows: artifact.rowCount, bytes: artifact.bytes }, 'export completed')
    return { kind: 'completed' }
  } finally {
    pulse.stop()
  }
}

/** The row, when this attempt may run it. One whose worker was lost is taken from it first. */
async function claim({ config, ledger, workerName }: ExportDeps, attempt: Attempt): Promise<ExportRow | undefined> {
  const row = await ledger.claim(attempt)
  if (row !== undefined) return row
  const revived = await ledger.reviveLost(config.WORKER_LOCK, workerName, attempt.exportId)
  return revived.length === 0 ? undefined : ledger.claim(attempt)
}
