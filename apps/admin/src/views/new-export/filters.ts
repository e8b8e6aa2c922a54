// Derives the input of a dataset's filter from its JSON Schema, and converts between typed text and filter value.
import type { DatasetBody } from '@waybill/shared/contract/datasets.ts'

export type DatasetFilter = DatasetBody['filters'][number]

export type ScalarKind =
  | { readonly kind: 'text' | 'number' | 'boolean' }
  | { readonly kind: 'choice'; readonly values: readonly string[] }

export type FilterKind = ScalarKind | { readonly kind: 'list'; readonly items: ScalarKind }

/** The parts of a JSON Schema that the page reads. The service checks all others. */
interface Schema {
  readonly type?: unknown
  readonly enum?: unknown
  readonly items?: unknown
}

export function kindOf({ schema }: DatasetFilter): FilterKind {
  const { type, items } = schema as Schema
  return type === 'array' ? { kind: 'list', items: scalarOf((items ?? {}) as Schema) } : scalarOf(schema as Schema)
}

function scalarOf({ type, enum: values }: Schema): ScalarKind {
  if (Array.isArray(values)) return { kind: 'choice', values: values.map(String) }
  if (type === 'number' || type === 'integer') return { kind: 'number' }
  if (type === 'boolean') return { kind: 'boolean' }
  return { kind: 'text' }
}

/** Converts typed text to the type of the filter. */
export function filterValue(filter: DatasetFilter, typed: string): unknown {
  const kind = kindOf(filter)
  if (kind.kind !== 'list') return scalarValue(kind, typed)
  return entriesOf(kind.items, typed).map((each) => scalarValue(kind.items, each))
}

function scalarValue({ kind }: ScalarKind, typed: string): unknown {
  if (kind === 'number') return Number(typed)
  if (kind === 'boolean') return typed === 'true'
  return typed
}

/** Converts a filter value of an earlier export to the text that the form holds. */
export function typedOf(filter: DatasetFilter, value: unknown): string {
  const kind = kindOf(filter)
  return kind.kind === 'list' && Array.isArray(value) ? listOf(kind.items, value.map(String)) : String(value)
}

/** Splits the text of a list into its entries. */
export function entriesOf(items: ScalarKind, typed: string): string[] {
  const entries = typed.split(items.kind === 'choice' ? '\n' : ',')
  return entries.map((each) => each.trim()).filter((each) => each !== '')
}

/** Joins entries to the text of a list. Fixed values are joined by newlines, because they may contain commas. */
export function listOf(items: ScalarKind, entries: readonly string[]): string {
  return entries.join(items.kind === 'choice' ? '\n' : ', ')
}

/** Whether the dataset has both `dateFrom` and `dateTo`, which the form shows as one date range. */
export function isDateRange({ filters }: DatasetBody): boolean {
  return ['dateFrom', 'dateTo'].every((name) => filters.some((filter) => filter.name === name))
}
