// The command line options of the soak test.
import { parseArgs } from 'node:util'

export interface SoakOptions {
  /** Duration of the faults and requests, for all queues together. The quiet time and the checks are added. */
  readonly minutes: number
  readonly seed: number
  readonly queues: readonly ('redis' | 'postgres')[]
  /** The output of the processes is written to this directory. */
  readonly logs: string | undefined
}

export const USAGE = `npm run soak -- [--minutes N] [--seed N] [--queue redis|postgres|both] [--logs DIRECTORY]
  Requests random exports and causes random faults. Then waits for the exports to end, and checks every export.
  The same seed makes the same choices; when they meet, the machine decides.`

/** @throws Error for an invalid option */
export function parseOptions(args: readonly string[]): SoakOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: 'string', default: '3' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
      queue: { type: 'string', default: 'both' },
      logs: { type: 'string' },
    },
  })
  const minutes = Number(values.minutes)
  const seed = Number(values.seed)
  if (!(minutes > 0)) throw new Error(`--minutes must be a number above 0, not ${values.minutes}`)
  if (!Number.isInteger(seed)) throw new Error(`--seed must be a whole number, not ${values.seed}`)
  const queues = values.queue === 'both' ? (['redis', 'postgres'] as const) : [values.queue]
  if (!queues.every((queue) => queue === 'redis' || queue === 'postgres')) {
    throw new Error(`--queue must be redis, postgres or both, not ${values.queue}`)
  }
  return { minutes, seed, queues, logs: values.logs }
}
