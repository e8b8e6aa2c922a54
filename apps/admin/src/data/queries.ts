// What the page shows, as queries: which call, under which key, and when it is asked again.
import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { api, type Delivery, type ExportRequestInput } from '../api.ts'
import type { Answer } from './http.ts'
import { readOidcConfig } from './oidc-config.ts'

/** Milliseconds between two looks where nothing is under way: others may ask for exports, too. */
const QUIET = 15_000

/** And where something is. */
const LIVELY = 1_500

/** A try that is hours away is not waited for. */
const isOnItsWay = ({ status, nextAttemptAt }: Delivery) =>
  status === 'pending' && (nextAttemptAt === null || Date.parse(nextAttemptAt) < Date.now() + 60_000)

interface Polled {
  readonly state: { readonly data: Answer<unknown> | undefined }
}

/** What the service says in Retry-After; without one, `otherwise`. */
const asTold =
  (otherwise: number | false) =>
  ({ state }: Polled) =>
    state.data?.retryAfter === undefined ? otherwise : Math.max(0.2, state.data.retryAfter) * 1000

const bodyOf = <T>({ body }: Answer<T>) => body

export const queries = {
  me: () => queryOptions({ queryKey: ['me'], queryFn: () => api.me(), staleTime: Number.POSITIVE_INFINITY }),
  oidc: () =>
    queryOptions({ queryKey: ['oidc'], queryFn: () => readOidcConfig(), staleTime: Number.POSITIVE_INFINITY }),
  datasets: () =>
    queryOptions({ queryKey: ['datasets'], queryFn: ({ signal }) => api.datasets(signal), staleTime: 300_000 }),
  exports: (query: string) =>
    queryOptions({
      queryKey: ['exports', query],
      queryFn: ({ signal }) => api.exports(query, signal),
      select: bodyOf,
      refetchInterval: asTold(QUIET),
      // The tab's title goes on while the reader is elsewhere.
      refetchIntervalInBackground: true,
      placeholderData: keepPreviousData,
    }),
  export: (id: string) =>
    queryOptions({
      queryKey: ['export', id],
      queryFn: ({ signal }) => api.export(id, signal),
      select: bodyOf,
      refetchInterval: asTold(false),
      refetchIntervalInBackground: true,
    }),
  /** @param version changes when there is something new in the trail */
  events: (id: string, version: string) =>
    queryOptions({
      queryKey: ['events', id, version],
      queryFn: ({ signal }) => api.events(id, signal),
      placeholderData: keepPreviousData,
    }),
  preview: (request: ExportRequestInput) =>
    queryOptions({
      queryKey: ['preview', request],
      queryFn: ({ signal }) => api.preview(request, signal),
      placeholderData: keepPreviousData,
      staleTime: 30_000,
    }),
  apiKeys: () => queryOptions({ queryKey: ['api-keys'], queryFn: ({ signal }) => api.apiKeys(signal) }),
  endpoints: () => queryOptions({ queryKey: ['endpoints'], queryFn: ({ signal }) => api.endpoints(signal) }),
  deliveries: (endpointId: string, cursor: string | null) =>
    queryOptions({
      queryKey: ['deliveries', endpointId, cursor],
      queryFn: ({ signal }) => api.deliveries(endpointId, cursor, signal),
      refetchInterval: ({ state }) => (state.data?.items.some(isOnItsWay) ? LIVELY : QUIET),
      placeholderData: keepPreviousData,
    }),
  audit: (query: string) =>
    queryOptions({
      queryKey: ['audit', query],
      queryFn: ({ signal }) => api.audit(query, signal),
      placeholderData: keepPreviousData,
    }),
  system: () =>
    queryOptions({
      queryKey: ['system'],
      queryFn: ({ signal }) => api.system(signal),
      select: bodyOf,
      refetchInterval: asTold(5_000),
    }),
}
