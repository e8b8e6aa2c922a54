// What a filter of a dataset asks of the reader, read from its JSON Schema.
import type { Dataset } from '../../api.ts'

export type DatasetFilter = Dataset['filters'][number]

export type FilterKind =
  | { readonly kind: 'text' | 'number' | 'boolean'; readonly values?: never }
  | { readonly kind: 'choice'; readonly values: readonly string[] }

/** What we read of a JSON Schema; everything else is the service's to check. */
interface Schema {
  readonly type?: unknown
  readonly enum?: unknown
}

export function kindOf({ schema }: DatasetFilter): FilterKind {
  const { type, enum: values } = schema as Schema
  if (Array.isArray(values)) return { kind: 'choice', values: values.map(String) }
  if (type === 'number' || type === 'integer') return { kind: 'number' }
  if (type === 'boolean') return { kind: 'boolean' }
  return { kind: 'text' }
}

/** What was typed, as the type that the filter takes. */
export function filterValue(filter: DatasetFilter, typed: string): unknown {
  const { kind } = kindOf(filter)
  if (kind === 'number') return Number(typed)
  if (kind === 'boolean') return typed === 'true'
  return typed
}

/** Both ends of a time: shown as one choice of days. */
export function isDateRange({ filters }: Dataset): boolean {
  return ['dateFrom', 'dateTo'].every((name) => filters.some((filter) => filter.name === name))
}
