// Ctrl-C and SIGTERM: the command handles the first; the second ends the process immediately.
import { constants } from 'node:os'

export class Interrupted extends Error {
  override readonly name = 'Interrupted'
  /** What the user can do next; printed before the process ends. */
  readonly advice: string | undefined
  readonly exitCode: number

  constructor(signal: NodeJS.Signals, advice?: string) {
    super('interrupted')
    this.advice = advice
    this.exitCode = exitCodeFor(signal)
  }
}

/**
 * Signals within this time count as one Ctrl-C: the terminal sends it to every process of the group, and npx and our
 * launcher forward theirs.
 */
const DUPLICATE_WINDOW_MS = 250

/** @returns a function that removes the handlers */
export function onInterrupt(handle: (signal: NodeJS.Signals) => void): () => void {
  let last: number | undefined
  const listen = (signal: NodeJS.Signals) => {
    const now = performance.now()
    if (last !== undefined && now - last < DUPLICATE_WINDOW_MS) return
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

function exitCodeFor(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal]
}
