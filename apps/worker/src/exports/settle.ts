// What an attempt that did not complete means for the export: given up, handed back, tried again or failed.

import { retryWhileUnavailable } from '@waybill/shared/database/retry.ts'
import { attemptPrefix } from '@waybill/shared/ledger/artifact.ts'
import type { ExportRow } from '@waybill/shared/ledger/export-row.ts'
import type { Attempt } from '@waybill/shared/ledger/ledger.ts'
import { toWaybillError, type WaybillError } from '@waybill/shared/vocabulary/errors.ts'
import type { ExportDeps } from '../context.ts'
import { WorkerStopping } from '../job-runner.ts'
import { AttemptLost } from './pulse.ts'

/** How an attempt ended, for the queue to act on. */
export type Outcome =
  | { readonly kind: 'completed' | 'failed' }
  /** Somebody else has it, or it has ended. */
  | { readonly kind: 'not-mine' }
  /** Handed back without spending an attempt. */
  | { readonly kind: 'released' }
  /** To be tried again after so many milliseconds. */
  | { readonly kind: 'retry'; readonly delay: number }

/** Attempts at most, whatever the reason each ended. */
const MAX_ATTEMPTS = 5

/** A storage that hangs must not hold the worker: the reconciler tries again (milliseconds). */
const REMOVE_TIMEOUT = 5_000

/** Nothing of the attempt has been published, and nothing of it will be: its objects are removed. */
export async function settle(deps: ExportDeps, row: ExportRow, attempt: Attempt, reason: unknown): Promise<Outcome> {
  const { config, ledger, log } = deps
  const { exportId } = attempt
  // First the word, then the sweeping: whoever waits must not wait for a storage that hangs.
  const outcome = await retryWhileUnavailable(config.WORKER_LOCK, async (): Promise<Outcome> => {
    if (reason instanceof AttemptLost) {
      log.warn({ exportId, attempt: row.attempts }, 'the attempt lost the export; what it wrote is thrown away')
      return { kind: 'not-mine' }
    }
    if (reason instanceof WorkerStopping) {
      log.info({ exportId, attempt: row.attempts }, 'export handed back')
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
  })
  await removeTraces(deps, attempt)
  return outcome
}

/** Exponential with jitter, to be between half and all of 1 s, 2 s, 4 s, 8 s. */
function retryDelay(attempts: number): number {
  const most = 1_000 * 2 ** (attempts - 1)
  return Math.round(most * (0.5 + Math.random() / 2))
}

/** What happened, then what to do: shown to the person who asked. */
function describe(error: WaybillError): string {
  const said = error.message.endsWith('.') ? error.message : `${error.message}.`
  return `${said} ${error.kind.advice}`
}

/**
 * Also the uploads whose beginning was never answered, or whose abortion failed. What cannot be removed now, the
 * reconciler removes later: the note of it stays.
 */
async function removeTraces({ ledger, storage, log }: ExportDeps, attempt: Attempt): Promise<void> {
  const prefix = attemptPrefix(attempt.exportId, attempt.token)
  try {
    const signal = AbortSignal.timeout(REMOVE_TIMEOUT)
    const isAborted = await storage.abortUploads(prefix, { signal })
    await storage.removeAll(prefix, signal)
    if (isAborted) await ledger.recordRemoval(attempt)
  } catch (error) {
    log.warn({ exportId: attempt.exportId, prefix, error }, 'what the attempt wrote could not be removed yet')
  }
}
