// What a filter of a dataset asks of the reader, read from its JSON Schema.
import type { DatasetBody } from '@waybill/shared/contract/datasets.ts'

export type DatasetFilter = DatasetBody['filters'][number]

export type ScalarKind =
  | { readonly kind: 'text' | 'number' | 'boolean' }
  | { readonly kind: 'choice'; readonly values: readonly string[] }

export type FilterKind = ScalarKind | { readonly kind: 'list'; readonly items: ScalarKind }

/** What we read of a JSON Schema; everything else is the service's to check. */
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

/** What was typed, as the type that the filter takes. */
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

/** What an earlier export was asked for, as it would be typed. */
export function typedOf(filter: DatasetFilter, value: unknown): string {
  const kind = kindOf(filter)
  return kind.kind === 'list' && Array.isArray(value) ? listOf(kind.items, value.map(String)) : String(value)
}

/** The entries of a list as typed. */
export function entriesOf(items: ScalarKind, typed: string): string[] {
  const entries = typed.split(items.kind === 'choice' ? '\n' : ',')
  return entries.map((each) => each.trim()).filter((each) => each !== '')
}

/** A list as people type it; ticked ones, which nobody types, may have commas in them. */
export function listOf(items: ScalarKind, entries: readonly string[]): string {
  return entries.join(items.kind === 'choice' ? '\n' : ', ')
}

/** Both ends of a time: shown as one choice of days. */
export function isDateRange({ filters }: DatasetBody): boolean {
  return ['dateFrom', 'dateTo'].every((name) => filters.some((filter) => filter.name === name))
}
