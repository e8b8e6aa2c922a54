// The story of one attempt: claim, read, encode, store, publish; or hand back, or fail.
import { randomUUID } from 'node:crypto'
import { attemptPrefix, prefixOf } from '@waybill/shared/artifact.ts'
import type { Config } from '@waybill/shared/config.ts'
import type { Database } from '@waybill/shared/database.ts'
import { toWaybillError, type WaybillError } from '@waybill/shared/errors.ts'
import type { Attempt, Claim, ExportRow, Ledger } from '@waybill/shared/ledger.ts'
import type { Logger } from '@waybill/shared/log.ts'
import type { Storage } from '@waybill/shared/storage.ts'
import { AttemptLost, startPulse, WorkerStopping } from './pulse.ts'
import { writeArtifact } from './write-artifact.ts'

export interface ExportDeps {
  readonly config: Config
  readonly ledger: Ledger
  readonly source: Database
  readonly storage: Storage
  readonly log: Logger
  /** Shown in the trail as the one who did it. */
  readonly workerName: string
}

export type Outcome =
  | { readonly kind: 'completed' | 'failed' }
  /** Somebody else has it, or it has ended. */
  | { readonly kind: 'not-mine' }
  /** Handed back without spending an attempt. */
  | { readonly kind: 'released' }
  /** To be tried again after so many milliseconds. */
  | { readonly kind: 'retry'; readonly delay: number }

/** Starts of an export at most, whatever the reason each ended. */
const MAX_ATTEMPTS = 5

/**
 * Runs one attempt to its end. Does not throw for what goes wrong with the export, only when the ledger
 * itself cannot be reached; then the export stays as it is until its heartbeat is found to be old.
 *
 * @param stopping aborts with {@link WorkerStopping} when the process is to end
 */
export async function runExport(deps: ExportDeps, exportId: string, stopping: AbortSignal): Promise<Outcome> {
  const { config, ledger, log, workerName } = deps
  const attempt: Attempt = { exportId, token: randomUUID(), worker: workerName }
  const claim = await ledger.claim(attempt, config.WORKER_LOCK)
  if (claim === undefined) return { kind: 'not-mine' }
  const { row } = claim
  const pulse = startPulse(ledger, attempt, { stopping, lostAfter: config.WORKER_LOCK, timeout: config.EXPORT_TIMEOUT })
  log.info({ exportId, attempt: row.attempts, dataset: row.dataset, format: row.format }, 'export started')
  try {
    await removeAbandoned(deps, claim)
    const artifact = await writeArtifact(deps, row, attempt, pulse)
    if (!(await ledger.complete(attempt, artifact, config.EXPORT_TTL))) throw new AttemptLost()
    log.info({ exportId, rows: artifact.rowCount, bytes: artifact.bytes }, 'export completed')
    return { kind: 'completed' }
  } catch (error) {
    return await settle(deps, row, attempt, error)
  } finally {
    pulse.stop()
  }
}

/** Decides what an attempt that did not complete means for the export, and removes what it left behind. */
async function settle(deps: ExportDeps, row: ExportRow, attempt: Attempt, reason: unknown): Promise<Outcome> {
  const { ledger, log } = deps
  const { exportId } = attempt
  await removeAttempt(deps, attempt)
  if (reason instanceof AttemptLost) {
    log.warn({ exportId }, 'another attempt owns the export; this one was thrown away')
    return { kind: 'not-mine' }
  }
  if (reason instanceof WorkerStopping) {
    log.info({ exportId }, 'export handed back')
    return { kind: (await ledger.release(attempt)) ? 'released' : 'not-mine' }
  }
  const error = toWaybillError(reason)
  if (error.kind.retryable && row.attempts < MAX_ATTEMPTS) {
    const delay = retryDelay(row.attempts)
    log.warn({ exportId, attempt: row.attempts, code: error.code, delay, error }, 'export will be tried again')
    return (await ledger.requeue(attempt, error.code)) ? { kind: 'retry', delay } : { kind: 'not-mine' }
  }
  log.error({ exportId, attempt: row.attempts, code: error.code, error }, 'export failed')
  return { kind: (await ledger.fail(attempt, error.code, describe(error))) ? 'failed' : 'not-mine' }
}

/** Exponential with full jitter: 1 s, 2 s, 4 s, 8 s at most (https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/). */
function retryDelay(attempts: number): number {
  return Math.round(500 + Math.random() * (1_000 * 2 ** (attempts - 1) - 500))
}

/** What happened, then what to do: shown to the person who asked. */
function describe(error: WaybillError): string {
  const said = error.message.endsWith('.') ? error.message : `${error.message}.`
  return `${said} ${error.kind.advice}`
}

/** The object and the open upload of an attempt that died. What cannot be removed now is swept later. */
async function removeAbandoned({ storage, log }: ExportDeps, { row, abandoned }: Claim): Promise<void> {
  if (abandoned === undefined) return
  try {
    if (abandoned.uploadId !== null) await storage.abortUpload(abandoned.key, abandoned.uploadId)
    await storage.removeAll(prefixOf(abandoned.key))
  } catch (error) {
    log.warn({ exportId: row.id, key: abandoned.key, error }, 'what an earlier attempt left could not be removed')
  }
}

async function removeAttempt({ config, storage, log }: ExportDeps, { exportId, token }: Attempt): Promise<void> {
  const prefix = attemptPrefix(config.S3_PREFIX, exportId, token)
  try {
    await storage.removeAll(prefix)
  } catch (error) {
    log.warn({ exportId, prefix, error }, 'the objects of an attempt that did not publish could not be removed')
  }
}
