// Records the outcome of an attempt that did not complete, and removes what it wrote.

import { retryWhileUnavailable } from '@waybill/shared/database/retry.ts'
import { attemptPrefix } from '@waybill/shared/ledger/artifact.ts'
import type { ExportRow } from '@waybill/shared/ledger/export-row.ts'
import type { Attempt } from '@waybill/shared/ledger/ledger.ts'
import { toWaybillError, type WaybillError } from '@waybill/shared/vocabulary/errors.ts'
import type { ExportDeps } from '../context.ts'
import { WorkerStopping } from '../job-runner.ts'
import { AttemptLost } from './heartbeat.ts'

/** How an attempt ended. */
export type Outcome =
  | { readonly kind: 'completed' | 'failed' }
  /** Another attempt owns the export, or it has ended. */
  | { readonly kind: 'not-owned' }
  /** Handed back; the attempt does not count. */
  | { readonly kind: 'released' }
  /** The export is attempted again after `delay` milliseconds. */
  | { readonly kind: 'retry'; readonly delay: number }

/** Attempts at one export, whatever the reason that each ended. */
const MAX_ATTEMPTS = 5

/** A storage that hangs must not block the worker: the reconciler removes the objects later. */
const REMOVE_TIMEOUT_MS = 5_000

/** The longest retry delay after the first attempt; it doubles with each further attempt. */
const FIRST_RETRY_DELAY_MS = 1_000

/** Nothing of the attempt has been published, and nothing will be: its objects are removed. */
export async function recordOutcome(
  deps: ExportDeps,
  row: ExportRow,
  attempt: Attempt,
  reason: unknown,
): Promise<Outcome> {
  const { config, ledger, log } = deps
  const { exportId } = attempt
  // Record the outcome before cleaning up, so that a hanging storage cannot delay it.
  const outcome = await retryWhileUnavailable(config.WORKER_LOCK, async (): Promise<Outcome> => {
    if (reason instanceof AttemptLost) {
      log.warn({ exportId, attempt: row.attempts }, 'the attempt lost the export; its objects are removed')
      return { kind: 'not-owned' }
    }
    if (reason instanceof WorkerStopping) {
      log.info({ exportId, attempt: row.attempts }, 'export handed back')
      return { kind: (await ledger.release(attempt)) ? 'released' : 'not-owned' }
    }
    const error = toWaybillError(reason)
    if (error.kind.retryable && row.attempts < MAX_ATTEMPTS) {
      const delay = retryDelay(row.attempts)
      log.warn({ exportId, attempt: row.attempts, code: error.code, delay, error }, 'export will be retried')
      return (await ledger.requeue(attempt, error.code)) ? { kind: 'retry', delay } : { kind: 'not-owned' }
    }
    log.error({ exportId, attempt: row.attempts, code: error.code, error }, 'export failed')
    return { kind: (await ledger.fail(attempt, error.code, describe(error))) ? 'failed' : 'not-owned' }
  })
  await removeObjects(deps, attempt)
  return outcome
}

/** Exponential with jitter: between half and all of 1 s, 2 s, 4 s, 8 s. In milliseconds. */
function retryDelay(attempts: number): number {
  const longest = FIRST_RETRY_DELAY_MS * 2 ** (attempts - 1)
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
