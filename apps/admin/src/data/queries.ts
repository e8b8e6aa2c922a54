// The queries of the page: their calls, their keys and their refetch intervals.
import { infiniteQueryOptions, keepPreviousData, type QueryFunctionContext, queryOptions } from '@tanstack/react-query'
import type { Polled } from '@waybill/client'
import { api, type Delivery, type ExportRequestInput } from '../api.ts'
import { readOidcConfig } from './oidc-config.ts'

/** Refetch interval where nothing is in progress: other users may request exports too. */
const IDLE_INTERVAL_MS = 15_000

/** Refetch interval while a delivery is pending. */
const BUSY_INTERVAL_MS = 1_500

/** Refetch interval of the health view, unless the service gives one. */
const HEALTH_INTERVAL_MS = 5_000

const MIN_INTERVAL_MS = 200

/** Whether the next attempt is within a minute. */
const isInProgress = ({ status, nextAttemptAt }: Delivery) =>
  status === 'pending' && (nextAttemptAt === null || Date.parse(nextAttemptAt) < Date.now() + 60_000)

interface State {
  readonly state: { readonly data: Polled<unknown> | undefined }
}

/** The service's Retry-After; without one, `otherwise`. */
const retryAfterOr =
  (otherwise: number | false) =>
  ({ state }: State) =>
    state.data?.retryAfter === undefined ? otherwise : Math.max(MIN_INTERVAL_MS, state.data.retryAfter)

const bodyOf = <T>({ body }: Polled<T>) => body

/** What the cache has of this query, whose ETag goes with the next request. */
const previousOf = <T>({ client, queryKey }: QueryFunctionContext): Polled<T> | undefined =>
  client.getQueryData(queryKey)

/** A query string as an object. The service checks its values. */
const fieldsOf = (query: string) => Object.fromEntries(new URLSearchParams(query))

export const queries = {
  me: () =>
    queryOptions({
      queryKey: ['me'],
      queryFn: ({ signal }) => api.me.get({ signal }),
      staleTime: Number.POSITIVE_INFINITY,
    }),
  oidc: () =>
    queryOptions({ queryKey: ['oidc'], queryFn: () => readOidcConfig(), staleTime: Number.POSITIVE_INFINITY }),
  datasets: () =>
    queryOptions({
      queryKey: ['datasets'],
      queryFn: ({ signal }) => api.datasets.list({ signal }),
      staleTime: 300_000,
    }),
  exports: (query: string) =>
    queryOptions({
      queryKey: ['exports', query],
      queryFn: (context) => api.exports.pollPage(fieldsOf(query), previousOf(context), { signal: context.signal }),
      select: bodyOf,
      refetchInterval: retryAfterOr(IDLE_INTERVAL_MS),
      // The title of the tab shows the progress while the tab is in the background.
      refetchIntervalInBackground: true,
      placeholderData: keepPreviousData,
    }),
  export: (id: string) =>
    queryOptions({
      queryKey: ['export', id],
      queryFn: (context) => api.exports.poll(id, previousOf(context), { signal: context.signal }),
      select: bodyOf,
      refetchInterval: retryAfterOr(false),
      refetchIntervalInBackground: true,
    }),
  /** @param version changes when the trail has new events */
  events: (id: string, version: string) =>
    infiniteQueryOptions({
      queryKey: ['events', id, version],
      queryFn: ({ signal, pageParam }) => api.exports.eventsPage(id, { cursor: pageParam }, { signal }),
      initialPageParam: undefined as string | undefined,
      getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined,
      placeholderData: keepPreviousData,
    }),
  preview: (request: ExportRequestInput) =>
    queryOptions({
      queryKey: ['preview', request],
      queryFn: ({ signal }) => api.exports.preview(request, { signal }),
      // Rows of another dataset or format would be wrong under the new headings.
      placeholderData: (previous) =>
        previous?.dataset === request.dataset && previous.format === request.format ? previous : undefined,
      staleTime: 30_000,
    }),
  apiKeys: () => queryOptions({ queryKey: ['api-keys'], queryFn: ({ signal }) => api.keys.list({ signal }) }),
  endpoints: () => queryOptions({ queryKey: ['endpoints'], queryFn: ({ signal }) => api.webhooks.list({ signal }) }),
  deliveries: (endpointId: string, cursor: string | null) =>
    queryOptions({
      queryKey: ['deliveries', endpointId, cursor],
      queryFn: ({ signal }) => api.webhooks.deliveriesPage(endpointId, { cursor: cursor ?? undefined }, { signal }),
      refetchInterval: ({ state }) => (state.data?.items.some(isInProgress) ? BUSY_INTERVAL_MS : IDLE_INTERVAL_MS),
      placeholderData: keepPreviousData,
    }),
  audit: (query: string) =>
    queryOptions({
      queryKey: ['audit', query],
      queryFn: ({ signal }) => api.audit.page(fieldsOf(query), { signal }),
      placeholderData: keepPreviousData,
    }),
  system: () =>
    queryOptions({
      queryKey: ['system'],
      queryFn: (context) => api.system.poll(previousOf(context), { signal: context.signal }),
      select: bodyOf,
      refetchInterval: retryAfterOr(HEALTH_INTERVAL_MS),
    }),
}
