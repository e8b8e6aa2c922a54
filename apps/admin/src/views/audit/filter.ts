// The filters of the audit trail. They are kept in the address, so that it can be shared and opened again.
import { endOfDay, isDay, startOfDay } from '../../text/date-presets.ts'

const FILTER_NAMES = ['type', 'actor', 'from', 'to'] as const
export type FilterName = (typeof FILTER_NAMES)[number]

export type TrailFilter = Readonly<Partial<Record<FilterName, string>>>

/** Events per request. */
const PAGE_SIZE = 50

/** Reads the filters from the address, without invalid days. */
export function readFilter(parameters: URLSearchParams): TrailFilter {
  const given = FILTER_NAMES.map((name) => [name, parameters.get(name) ?? ''] as const)
  return Object.fromEntries(
    given.filter(([name, value]) => (name === 'from' || name === 'to' ? isDay(value) : value !== '')),
  )
}

/** The query of the API request. Days become instants in the reader's time zone. */
export function apiQuery(filter: TrailFilter, cursor: string | null): string {
  const query = new URLSearchParams({ limit: String(PAGE_SIZE) })
  for (const [name, value] of Object.entries(filter)) {
    query.set(name, name === 'from' ? startOfDay(value) : name === 'to' ? endOfDay(value) : value)
  }
  if (cursor !== null) query.set('cursor', cursor)
  return query.toString()
}
