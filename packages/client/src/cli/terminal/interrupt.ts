// Ctrl-C and SIGTERM: the first is for the command to answer, a second one ends the process at once.
import { constants } from 'node:os'

export class Interrupted extends Error {
  override readonly name = 'Interrupted'
  /** What to do now, said on the way out. */
  readonly advice: string | undefined
  readonly exitCode: number

  constructor(signal: NodeJS.Signals, advice?: string) {
    super('interrupted')
    this.advice = advice
    this.exitCode = exitCodeFor(signal)
  }
}

/**
 * Milliseconds in which the same signal is the same Ctrl-C: the terminal sends it to every process, and npx and our own
 * launcher pass theirs on.
 */
const SAME = 250

/** @returns what stops listening */
export function onInterrupt(handle: (signal: NodeJS.Signals) => void): () => void {
  let last: number | undefined
  const listen = (signal: NodeJS.Signals) => {
    const now = performance.now()
    if (last !== undefined && now - last < SAME) return
    if (last !== undefined) process.exit(exitCodeFor(signal))
    last = now
    handle(signal)
  }
  process.on('SIGINT', listen)
  process.on('SIGTERM', listen)
  return () => {
    process.off('SIGINT', listen)
    process.off('SIGTERM', listen)
  }
}

export function exitCodeFor(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal]
}
