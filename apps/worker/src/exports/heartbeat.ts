// The heartbeat of one attempt: reports its progress to the ledger, and aborts the attempt when it must stop.

import type { Attempt, Ledger, Progress } from '@waybill/shared/ledger/ledger.ts'
import { WaybillError } from '@waybill/shared/vocabulary/errors.ts'

/** Another attempt owns the export, or the export has ended. */
export class AttemptLost extends Error {
  override readonly name = 'AttemptLost'
}

/** The ledger could not be reached for so long that another attempt may own the export. */
export class LedgerUnreachable extends Error {
  override readonly name = 'LedgerUnreachable'
}

export interface HeartbeatOptions {
  readonly stopping: AbortSignal
  /** After so long without a recorded heartbeat another worker may take the export over. */
  readonly lostAfterMs: number
  /** The attempt fails with EXPORT_TIMEOUT after so long. */
  readonly timeoutMs: number
  /** Called with every heartbeat. Rejects with a WaybillError when the requester may not have the export any more. */
  readonly requireRights: () => Promise<void>
  /** Called with the error of a heartbeat that could not be recorded. */
  readonly onError: (error: unknown) => void
}

export interface Heartbeat {
  /** Aborts with AttemptLost, LedgerUnreachable, WorkerStopping, or a WaybillError: EXPORT_TIMEOUT, or that of `requireRights`. */
  readonly signal: AbortSignal
  /** The progress of the attempt; the next heartbeat records it. */
  readonly progress: { -readonly [Field in keyof Progress]: Progress[Field] }
  stop(): void
}

/** Progress is at most this old. */
const MAX_INTERVAL_MS = 1_000

/** The longest delay that setTimeout takes. */
const MAX_TIMER_MS = 2 ** 31 - 1

export function startHeartbeat(ledger: Ledger, attempt: Attempt, options: HeartbeatOptions): Heartbeat {
  const { stopping, lostAfterMs, timeoutMs, requireRights, onError } = options
  const aborting = new AbortController()
  const progress: Heartbeat['progress'] = { rows: 0, bytes: 0 }
  let recordedAt = performance.now()
  let isRecording = false

  const beat = async () => {
    // Checked before each call: a ledger that hangs must not hide that the last heartbeat is too old.
    if (performance.now() - recordedAt > lostAfterMs) return aborting.abort(new LedgerUnreachable())
    if (isRecording) return
    isRecording = true
    const sentAt = performance.now()
    try {
      if (!(await ledger.heartbeat(attempt, progress))) return aborting.abort(new AttemptLost())
      recordedAt = sentAt
      await requireRights()
    } catch (error) {
      // Any other error means that the ledger is unavailable. The check above decides for how long that is tolerated.
      if (error instanceof WaybillError) aborting.abort(error)
      else onError(error)
    } finally {
      isRecording = false
    }
  }
  const interval = setInterval(beat, Math.min(MAX_INTERVAL_MS, lostAfterMs / 3))
  const timeout = setTimeout(
    () => aborting.abort(new WaybillError('EXPORT_TIMEOUT')),
    Math.min(timeoutMs, MAX_TIMER_MS),
  )

  return {
    signal: AbortSignal.any([aborting.signal, stopping]),
    progress,
    stop() {
      clearInterval(interval)
      clearTimeout(timeout)
    },
  }
}
