// The heartbeat of one attempt: tells the ledger that it lives, and tells the attempt when it must stop.

import type { Attempt, Ledger } from '@waybill/shared/ledger/ledger.ts'
import { WaybillError } from '@waybill/shared/vocabulary/errors.ts'

/** Another attempt owns the export, or the ledger could not be told for so long that one may. */
export class AttemptLost extends Error {
  override readonly name = 'AttemptLost'
}

export interface PulseOptions {
  readonly stopping: AbortSignal
  /** Milliseconds after which an attempt that was not heard of may be taken over. */
  readonly lostAfter: number
  /** Milliseconds that the attempt may take. */
  readonly timeout: number
  /** Asked with every beat; rejects with a WaybillError when whoever asked for the export may not have it any more. */
  readonly requireRights: () => Promise<void>
}

export interface Pulse {
  /** Aborts with AttemptLost, WorkerStopping, or a WaybillError: EXPORT_TIMEOUT, or what `requireRights` says. */
  readonly signal: AbortSignal
  /** How far the attempt is; the ledger learns it with the next beat. */
  readonly progress: { rows: number; bytes: number }
  stop(): void
}

/** Milliseconds between beats: progress is at most this old. */
const INTERVAL = 1_000

export function startPulse(ledger: Ledger, attempt: Attempt, options: PulseOptions): Pulse {
  const { stopping, lostAfter, timeout, requireRights } = options
  const lost = new AbortController()
  const progress = { rows: 0, bytes: 0 }
  let lastHeard = performance.now()
  let beating = false

  const beat = async () => {
    // A ledger that hangs must not hide that nobody has heard of us for too long.
    if (performance.now() - lastHeard > lostAfter) return lost.abort(new AttemptLost())
    if (beating) return
    beating = true
    const sentAt = performance.now()
    try {
      if (!(await ledger.heartbeat(attempt, progress))) return lost.abort(new AttemptLost())
      lastHeard = sentAt
      await requireRights()
    } catch (error) {
      // Anything else: the ledger is away. It may be back before anybody misses us; the check above decides.
      if (error instanceof WaybillError) lost.abort(error)
    } finally {
      beating = false
    }
  }
  const interval = setInterval(beat, Math.min(INTERVAL, lostAfter / 3))
  const overdue = setTimeout(() => lost.abort(new WaybillError('EXPORT_TIMEOUT')), Math.min(timeout, 2 ** 31 - 1))

  return {
    signal: AbortSignal.any([lost.signal, stopping]),
    progress,
    stop() {
      clearInterval(interval)
      clearTimeout(overdue)
    },
  }
}
