// How the page asks and asks again: what passes by itself is waited for, everything else is shown.
import { QueryClient } from '@tanstack/react-query'
import { ApiProblem, isPassing } from './problem.ts'

/** Milliseconds between two tries at most, unless the service asks for more. */
const PATIENCE = 5_000

const delay = (tries: number, error: Error) => {
  const asked = error instanceof ApiProblem ? (error.retryAfter ?? 0) * 1000 : 0
  return Math.max(asked, Math.min(PATIENCE, 500 * 2 ** tries))
}

export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        // Whether the service answers is what counts, not what the browser thinks of its network.
        networkMode: 'always',
        retry: (_tries, error) => isPassing(error),
        retryDelay: delay,
        staleTime: 1_000,
      },
      mutations: { networkMode: 'always', retry: false },
    },
  })
}
