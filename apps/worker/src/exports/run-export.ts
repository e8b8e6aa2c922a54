// Runs one attempt at an export: claims it, writes the file and publishes it, or records why it did not complete.
import { randomUUID } from 'node:crypto'
import { datasetOf, requireRights } from '@waybill/shared/access/rights.ts'
import { attemptPrefix } from '@waybill/shared/ledger/artifact.ts'
import type { ExportRow } from '@waybill/shared/ledger/export-row.ts'
import type { Artifact, Attempt } from '@waybill/shared/ledger/ledger.ts'
import type { ExportDeps } from '../context.ts'
import type { JobSignals } from '../job-runner.ts'
import { AttemptLost, startHeartbeat } from './heartbeat.ts'
import { type Outcome, recordOutcome } from './record-outcome.ts'
import { writeArtifact } from './write-artifact.ts'

/**
 * Runs one attempt to its end. Errors of the export are recorded, not thrown. Throws only when the process ends while the
 * ledger cannot be reached: the export then stays as it is until another worker finds its heartbeat too old.
 */
export async function runExport(deps: ExportDeps, exportId: string, signals: JobSignals): Promise<Outcome> {
  const { config, datasets, db, ledger, log, outages, workerName } = deps
  const attempt: Attempt = { exportId, token: randomUUID(), worker: workerName }
  const row = await outages.persist(() => claim(deps, attempt), signals.tooLate)
  if (row === undefined) return { kind: 'not-owned' }
  log.info({ exportId, attempt: row.attempts, dataset: row.dataset, format: row.format }, 'export started')
  const checkRights = () => requireRights(db, row.requesterId, datasetOf(datasets, row))
  const heartbeat = startHeartbeat(ledger, attempt, {
    stopping: signals.stopping,
    lostAfterMs: config.WORKER_LOCK,
    timeoutMs: config.EXPORT_TIMEOUT,
    requireRights: checkRights,
    onError: outages.reportLedger,
  })
  let artifact: Artifact
  try {
    // The key may have been revoked or restricted while the export was queued. Each heartbeat checks it again.
    // Meanwhile the source begins to sort.
    const rightsChecked = outages.persist(checkRights, heartbeat.signal)
    rightsChecked.catch(() => undefined) // writeArtifact may fail before it waits for this
    artifact = await writeArtifact(deps, row, attempt, heartbeat, rightsChecked)
  } catch (error) {
    heartbeat.stop()
    return recordOutcome(deps, row, attempt, error, signals.tooLate)
  }
  try {
    // When this throws, the row may or may not name the object, so the object must stay.
    const isPublished = await outages.persist(
      () => ledger.complete(attempt, artifact, config.EXPORT_TTL),
      signals.tooLate,
    )
    if (!isPublished) return await recordOutcome(deps, row, attempt, new AttemptLost(), signals.tooLate)
    log.info({ exportId, rows: artifact.rowCount, bytes: artifact.bytes }, 'export completed')
    return { kind: 'completed' }
  } finally {
    heartbeat.stop()
  }
}

/** The row when this attempt owns the export now. An export whose worker was lost is taken from that worker first. */
async function claim(deps: ExportDeps, attempt: Attempt): Promise<ExportRow | undefined> {
  const { config, ledger, outages, storage, workerName } = deps
  const objectPrefix = storage.fullKey(attemptPrefix(attempt.exportId, attempt.token))
  const row = await ledger.claim(attempt, objectPrefix)
  if (row !== undefined) return row
  if (!outages.isLedgerReliable()) return undefined
  const revived = await ledger.reviveLost(config.WORKER_LOCK, workerName, attempt.exportId)
  return revived.length === 0 ? undefined : ledger.claim(attempt, objectPrefix)
}
