// How the page queries the service: temporary errors are retried, all others are shown.
import { QueryClient } from '@tanstack/react-query'
import { WaybillError } from '@waybill/client'
import { isTemporary } from './problem.ts'

const FIRST_RETRY_DELAY_MS = 500
/** The longest delay, unless Retry-After is longer. */
const MAX_RETRY_DELAY_MS = 5_000

const delay = (tries: number, error: Error) => {
  const retryAfter = error instanceof WaybillError ? (error.retryAfter ?? 0) : 0
  return Math.max(retryAfter, Math.min(MAX_RETRY_DELAY_MS, FIRST_RETRY_DELAY_MS * 2 ** tries))
}

export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        // Only an answer of the service counts, not the browser's opinion of its network.
        networkMode: 'always',
        retry: (_tries, error) => isTemporary(error),
        retryDelay: delay,
        staleTime: 1_000,
      },
      mutations: { networkMode: 'always', retry: false },
    },
  })
}
