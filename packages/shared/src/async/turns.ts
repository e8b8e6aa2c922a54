// Lets what is done for one and the same key be done one after the other, in this process.
import { withTimeout } from './timeout.ts'

export type InTurn = <T>(key: string, work: () => Promise<T>) => Promise<T>

/**
 * Rejects with `late()` what has waited longer than so many milliseconds for its turn. What fails ends its turn
 * like what succeeds.
 */
export function createTurns(patience: number, late: () => Error): InTurn {
  const last = new Map<string, Promise<unknown>>()
  return async (key, work) => {
    const before = last.get(key)
    const take = async () => {
      if (before !== undefined) await withTimeout(patience, before, late)
      return work()
    }
    const mine = take()
    const ended = mine.then(nothing, nothing)
    last.set(key, ended)
    try {
      return await mine
    } finally {
      if (last.get(key) === ended) last.delete(key)
    }
  }
}

function nothing(): void {
  // How it ended is told to whoever asked for it, not to the next in turn.
}
