// Runs one attempt at an export: claims it, writes the file and publishes it, or records why it did not complete.
import { randomUUID } from 'node:crypto'
import { datasetOf, requireRights } from '@waybill/shared/access/rights.ts'
import { retryWhileUnavailable } from '@waybill/shared/database/retry.ts'
import type { ExportRow } from '@waybill/shared/ledger/export-row.ts'
import type { Artifact, Attempt } from '@waybill/shared/ledger/ledger.ts'
import type { ExportDeps } from '../context.ts'
import { AttemptLost, startHeartbeat } from './heartbeat.ts'
import { type Outcome, recordOutcome } from './record-outcome.ts'
import { writeArtifact } from './write-artifact.ts'

/**
 * Runs one attempt to its end. Errors of the export are recorded, not thrown. Throws only when the ledger cannot be
 * reached for too long: the export then stays as it is until another worker finds its heartbeat too old.
 *
 * @param stopping aborts with WorkerStopping when the process shuts down
 */
export async function runExport(deps: ExportDeps, exportId: string, stopping: AbortSignal): Promise<Outcome> {
  const { config, datasets, db, ledger, log, workerName } = deps
  const attempt: Attempt = { exportId, token: randomUUID(), worker: workerName }
  const row = await claim(deps, attempt)
  if (row === undefined) return { kind: 'not-owned' }
  log.info({ exportId, attempt: row.attempts, dataset: row.dataset, format: row.format }, 'export started')
  const checkRights = () => requireRights(db, row.requesterId, datasetOf(datasets, row))
  const heartbeat = startHeartbeat(ledger, attempt, {
    stopping,
    lostAfterMs: config.WORKER_LOCK,
    timeoutMs: config.EXPORT_TIMEOUT,
    requireRights: checkRights,
  })
  let artifact: Artifact
  try {
    // The key may have been revoked or restricted while the export was queued. Each heartbeat checks it again.
    await retryWhileUnavailable(config.WORKER_LOCK, checkRights)
    artifact = await writeArtifact(deps, row, attempt, heartbeat)
  } catch (error) {
    heartbeat.stop()
    return recordOutcome(deps, row, attempt, error)
  }
  try {
    // When this throws, the row may or may not name the object, so the object must stay.
    const isPublished = await retryWhileUnavailable(config.WORKER_LOCK, () =>
      ledger.complete(attempt, artifact, config.EXPORT_TTL),
    )
    if (!isPublished) return await recordOutcome(deps, row, attempt, new AttemptLost())
    log.info({ exportId, rows: artifact.rowCount, bytes: artifact.bytes }, 'export completed')
    return { kind: 'completed' }
  } finally {
    heartbeat.stop()
  }
}

/** The row when this attempt owns the export now. An export whose worker was lost is taken from that worker first. */
async function claim({ config, ledger, workerName }: ExportDeps, attempt: Attempt): Promise<ExportRow | undefined> {
  const row = await ledger.claim(attempt)
  if (row !== undefined) return row
  const revived = await ledger.reviveLost(config.WORKER_LOCK, workerName, attempt.exportId)
  return revived.length === 0 ? undefined : ledger.claim(attempt)
}
