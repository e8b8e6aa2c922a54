// A circuit breaker for one dependency: after a failure it probes the dependency, one probe at a time, until it answers.
import { setTimeout as sleep } from 'node:timers/promises'
import { withTimeout } from '@waybill/shared/async/timeout.ts'

export interface BreakerOptions {
  /** Rejects when the dependency is unavailable. Takes no longer than the signal allows. */
  readonly probe: (signal: AbortSignal) => Promise<unknown>
  /** Called after each change of the state. */
  readonly onChange: (state: BreakerState) => void
  /** The dependency was unavailable, and answers again. */
  readonly onReturn: () => void
}

/**
 * - `closed`: no failure is known.
 * - `suspect`: a call has failed; the first probe is under way.
 * - `open`: a probe has failed.
 */
export type BreakerState = 'closed' | 'suspect' | 'open'

export interface Breaker {
  state(): BreakerState
  /** Milliseconds since the dependency has returned. Infinity: it was always available. */
  msSinceReturn(): number
  /** A call has failed as if the dependency were unavailable. */
  report(): void
  /** The dependency was unavailable before this process was started: finds out whether it has returned. */
  recheck(): void
  /** Resolves when the breaker is closed. Rejects with the reason of the signal. */
  whenClosed(signal: AbortSignal): Promise<void>
  stop(): void
}

/** A busy machine takes seconds for what usually takes milliseconds. */
export const PROBE_TIMEOUT_MS = 5_000

/** With the timeout of a probe: the return of the dependency is known within 7 s. */
const PROBE_INTERVAL_MS = 2_000

export function createBreaker({ probe, onChange, onReturn }: BreakerOptions): Breaker {
  const stopping = new AbortController()
  let state: BreakerState = 'closed'
  let closed: PromiseWithResolvers<void> | undefined
  let returnedAt = Number.NEGATIVE_INFINITY

  const enter = (next: BreakerState) => {
    if (state === next) return
    state = next
    onChange(next)
  }
  const isAnswering = async (): Promise<boolean> => {
    try {
      const answer = probe(AbortSignal.timeout(PROBE_TIMEOUT_MS))
      await withTimeout(PROBE_TIMEOUT_MS, answer, () => new Error('the probe timed out'))
      return true
    } catch {
      return false
    }
  }
  const probeUntilAnswered = async (wasUnavailable: boolean) => {
    for (;;) {
      if (await isAnswering()) break
      if (stopping.signal.aborted) return
      enter('open')
      await sleep(PROBE_INTERVAL_MS * (0.5 + Math.random() / 2), undefined, stopping).catch(() => undefined)
    }
    const isReturn = wasUnavailable || state === 'open'
    if (isReturn) returnedAt = performance.now()
    enter('closed')
    closed?.resolve()
    if (isReturn) onReturn()
  }
  const start = (wasUnavailable: boolean) => {
    if (state !== 'closed' || stopping.signal.aborted) return
    closed = Promise.withResolvers()
    enter('suspect')
    void probeUntilAnswered(wasUnavailable)
  }

  return {
    state: () => state,
    msSinceReturn: () => performance.now() - returnedAt,
    report: () => start(false),
    recheck: () => start(true),
    async whenClosed(signal) {
      signal.throwIfAborted()
      const aborted = Promise.withResolvers<never>()
      const abort = () => aborted.reject(signal.reason)
      signal.addEventListener('abort', abort)
      try {
        while (state !== 'closed') await Promise.race([closed?.promise, aborted.promise])
      } finally {
        signal.removeEventListener('abort', abort)
      }
    },
    stop: () => stopping.abort(),
  }
}
