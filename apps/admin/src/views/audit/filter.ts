// What the trail is narrowed to: kept in the address, so that it can be shared and gone back to.
import { endOfDay, isDay, startOfDay } from '../../text/date-presets.ts'

export const FILTER_NAMES = ['type', 'actor', 'from', 'to'] as const
export type FilterName = (typeof FILTER_NAMES)[number]

export type TrailFilter = Readonly<Partial<Record<FilterName, string>>>

/** Events on one page. */
const PAGE = 50

/** What the address says, without days that there are not. */
export function readFilter(parameters: URLSearchParams): TrailFilter {
  const given = FILTER_NAMES.map((name) => [name, parameters.get(name) ?? ''] as const)
  return Object.fromEntries(
    given.filter(([name, value]) => (name === 'from' || name === 'to' ? isDay(value) : value !== '')),
  )
}

/** The query that the service is asked: days become moments in the reader's zone. */
export function apiQuery(filter: TrailFilter, cursor: string | null): string {
  const query = new URLSearchParams({ limit: String(PAGE) })
  for (const [name, value] of Object.entries(filter)) {
    query.set(name, name === 'from' ? startOfDay(value) : name === 'to' ? endOfDay(value) : value)
  }
  if (cursor !== null) query.set('cursor', cursor)
  return query.toString()
}
