// Records the outcome of an attempt that did not complete, and removes what it wrote.

import { attemptPrefix } from '@waybill/shared/ledger/artifact.ts'
import type { ExportRow } from '@waybill/shared/ledger/export-row.ts'
import type { Attempt } from '@waybill/shared/ledger/ledger.ts'
import { deadlineMessage } from '@waybill/shared/ledger/upkeep.ts'
import { toWaybillError, type WaybillError } from '@waybill/shared/vocabulary/errors.ts'
import type { ExportDeps } from '../context.ts'
import { WorkerStopping } from '../job-runner.ts'
import { AttemptLost, LedgerUnreachable } from './heartbeat.ts'

/** How an attempt ended. */
export type Outcome =
  | { readonly kind: 'completed' | 'failed' }
  /** Another attempt owns the export, or it has ended. */
  | { readonly kind: 'not-owned' }
  /** Handed back; the attempt does not count. */
  | { readonly kind: 'released' }
  /** The export is attempted again after `delay` milliseconds, or sooner when a dependency returns. */
  | { readonly kind: 'retry'; readonly delay: number }

/** Attempts at one export, without those that an outage ended. */
const MAX_ATTEMPTS = 5

/**
 * Further ends by an outage count as attempts: the export may be the reason, for example with a query that crashes the
 * source. While a breaker is open nothing is started, so one outage ends few attempts.
 */
const MAX_OUTAGES = 20

/** A storage that hangs must not block the worker: the reconciler removes the objects later. */
const REMOVE_TIMEOUT_MS = 5_000

/** The longest retry delay after the first attempt; it doubles with each further attempt. */
const FIRST_RETRY_DELAY_MS = 1_000

const MAX_OUTAGE_DELAY_MS = 300_000

/**
 * Nothing of the attempt has been published, and nothing will be: its objects are removed.
 *
 * @param tooLate ends the wait for a ledger that is unavailable; its reason is thrown
 */
export async function recordOutcome(
  deps: ExportDeps,
  row: ExportRow,
  attempt: Attempt,
  reason: unknown,
  tooLate: AbortSignal,
): Promise<Outcome> {
  const { ledger, log, outages } = deps
  const { exportId } = attempt
  const lost = (): Outcome => {
    log.warn({ exportId, attempt: row.attempts }, 'the attempt lost the export; its objects are removed')
    return { kind: 'not-owned' }
  }
  // Record the outcome before cleaning up, so that a hanging storage cannot delay it.
  const outcome = await outages.persist(async (): Promise<Outcome> => {
    if (reason instanceof AttemptLost) return lost()
    if (reason instanceof LedgerUnreachable) {
      if (!(await ledger.release(attempt))) return lost()
      log.warn({ exportId, attempt: row.attempts }, 'the ledger was unavailable; the export is queued again')
      return { kind: 'released' }
    }
    if (reason instanceof WorkerStopping) {
      log.info({ exportId, attempt: row.attempts }, 'export handed back')
      return { kind: (await ledger.release(attempt)) ? 'released' : 'not-owned' }
    }
    const error = toWaybillError(reason)
    return (await recordOutage(deps, row, attempt, error)) ?? (await recordError(deps, row, attempt, error))
  }, tooLate)
  await removeObjects(deps, attempt)
  return outcome
}

/** Undefined: the error is none of an outage, or it counts as an attempt. */
async function recordOutage(
  { config, ledger, log, outages }: ExportDeps,
  row: ExportRow,
  attempt: Attempt,
  { code, outage, cause }: WaybillError,
): Promise<Outcome | undefined> {
  const { exportId } = attempt
  if (outage === undefined) return undefined
  outages.report(outage)
  if (Date.now() - row.createdAt.getTime() >= config.EXPORT_DEADLINE) {
    log.error({ exportId, code, error: cause }, 'export failed: its deadline has passed')
    return { kind: (await ledger.fail(attempt, code, deadlineMessage(code))) ? 'failed' : 'not-owned' }
  }
  if (row.outages >= MAX_OUTAGES) return undefined
  const delay = Math.min(MAX_OUTAGE_DELAY_MS, retryDelay(row.outages + 1))
  log.warn({ exportId, code, delay, error: cause }, `export waits: the ${outage} is unavailable`)
  const isOwned = await ledger.releaseForOutage(attempt, code, outage, delay)
  return isOwned ? { kind: 'retry', delay } : { kind: 'not-owned' }
}

async function recordError(
  { ledger, log }: ExportDeps,
  row: ExportRow,
  attempt: Attempt,
  error: WaybillError,
): Promise<Outcome> {
  const { exportId } = attempt
  if (error.kind.retryable && row.attempts < MAX_ATTEMPTS) {
    const delay = error.outage === undefined ? retryDelay(row.attempts) : MAX_OUTAGE_DELAY_MS
    log.warn({ exportId, attempt: row.attempts, code: error.code, delay, error }, 'export will be retried')
    return (await ledger.requeue(attempt, error.code, delay)) ? { kind: 'retry', delay } : { kind: 'not-owned' }
  }
  log.error({ exportId, attempt: row.attempts, code: error.code, error }, 'export failed')
  return { kind: (await ledger.fail(attempt, error.code, describe(error))) ? 'failed' : 'not-owned' }
}

/** Exponential with jitter: between half and all of 1 s, 2 s, 4 s, 8 s and so on. In milliseconds. @param count from 1 */
function retryDelay(count: number): number {
  const longest = FIRST_RETRY_DELAY_MS * 2 ** (count - 1)
  return Math.round(longest * (0.5 + Math.random() / 2))
}

/** What happened, then what to do: shown to the requester. */
function describe(error: WaybillError): string {
  const message = error.message.endsWith('.') ? error.message : `${error.message}.`
  return `${message} ${error.kind.advice}`
}

/**
 * Also aborts uploads whose start the storage never answered, and uploads that could not be aborted before. What cannot
 * be removed now stays recorded, and the reconciler removes it.
 */
async function removeObjects({ ledger, storage, log }: ExportDeps, attempt: Attempt): Promise<void> {
  const prefix = attemptPrefix(attempt.exportId, attempt.token)
  try {
    const signal = AbortSignal.timeout(REMOVE_TIMEOUT_MS)
    const isAborted = await storage.abortUploads(prefix, { signal })
    await storage.removeAll(prefix, signal)
    if (isAborted) await ledger.recordRemoval(attempt)
  } catch (error) {
    log.warn({ exportId: attempt.exportId, prefix, error }, 'objects of the attempt could not be removed yet')
  }
}
