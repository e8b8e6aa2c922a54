// The Dataset seam: a table of a file declared as data, and how it becomes one SQL query.
import { z } from 'zod'
import { instantFilterSchema, isDay } from '../vocabulary/instant.ts'
import type { Column, ColumnKind } from '../vocabulary/table.ts'
import { isStorableText, NOT_STORABLE } from '../vocabulary/text.ts'

/** A column of the file and the SQL expression it comes from, e.g. `p."caseName"`. */
export interface DatasetColumn {
  readonly kind: ColumnKind
  readonly sql: string
}

/** What a filter's value may be: it waits as JSON in the export's row until a worker uses it. */
export type FilterValue =
  | string
  | number
  | boolean
  | null
  | readonly FilterValue[]
  | { readonly [key: string]: FilterValue }

/** A filter that callers may set. */
export interface DatasetFilter<T extends FilterValue = string> {
  /** What it does, for people. */
  readonly description: string
  /** Checks the caller's value: a schema of zod 4. */
  readonly schema: z.ZodType<T>
  /**
   * The condition. Call `bind(value)` for every value: it returns the placeholder. Values never become part
   * of the SQL text.
   */
  readonly sql: (value: T, bind: (value: string) => string) => string
}

export interface Dataset {
  /** In addresses and file names: lower-case letters, digits and dashes. */
  readonly name: string
  readonly title: string
  readonly columns: Readonly<Record<string, DatasetColumn>>
  /** What stands behind FROM, joins included. */
  readonly from: string
  // biome-ignore lint/suspicious/noExplicitAny: filters of one dataset have different value types; defineFilter checks each.
  readonly filters: Readonly<Record<string, DatasetFilter<any>>>
  /** SQL expressions that order the rows; together they must be unique, or equal rows change places. */
  readonly orderBy: readonly string[]
  /** Who may export it: anybody with a valid token, or administrators only. Default: anybody. */
  readonly access?: 'caller' | 'admin'
  /** Where it is read: SOURCE_DATABASE_URL, or the service's own tables in DATABASE_URL. Default: the source. */
  readonly database?: 'source' | 'ledger'
}

/** Declares a dataset. Mistakes that its type lets pass are found when the process starts, all at once. */
export function defineDataset(dataset: Dataset): Dataset {
  return Object.freeze(dataset)
}

/** Declares a filter; only keeps the types of `schema` and `sql` together. */
export function defineFilter<T extends FilterValue>(filter: DatasetFilter<T>): DatasetFilter<T> {
  return filter
}

export const textFilterSchema: z.ZodType<string> = z.string().min(1).max(1000).refine(isStorableText, NOT_STORABLE)

/** `dateFrom` and `dateTo` on a timestamptz column, both inclusive; a plain day is meant whole, in UTC. */
export function dateFilters(column: string): Record<'dateFrom' | 'dateTo', DatasetFilter> {
  return {
    dateFrom: defineFilter({
      description: 'Rows created at this time or later. A day means its start in UTC.',
      schema: instantFilterSchema,
      sql: (value, bind) =>
        isDay(value)
          ? `${column} >= (${bind(value)}::text::date)::timestamp AT TIME ZONE 'UTC'`
          : `${column} >= ${bind(value)}::text::timestamptz`,
    }),
    dateTo: defineFilter({
      description: 'Rows created at this time or earlier. A day means until its end in UTC.',
      schema: instantFilterSchema,
      sql: (value, bind) =>
        isDay(value)
          ? `${column} < (${bind(value)}::text::date + 1)::timestamp AT TIME ZONE 'UTC'`
          : `${column} <= ${bind(value)}::text::timestamptz`,
    }),
  }
}

/** `column = value`, for text columns. */
export function textFilter(column: string, description: string): DatasetFilter {
  return defineFilter({
    description,
    schema: textFilterSchema,
    sql: (value, bind) => `${column} = ${bind(value)}::text`,
  })
}

/** One query over one dataset: what the reader runs. Its result columns are named `c0`, `c1`, … in order. */
export interface TableQuery {
  readonly sql: string
  readonly values: readonly string[]
  readonly columns: readonly Column[]
}

export interface TableQueryOptions {
  /** Values that passed the filters' schemas. */
  readonly filters: Readonly<Record<string, unknown>>
  /** Names of columns, in the order of the file. */
  readonly columns: readonly string[]
  /** Rows at most. */
  readonly limit: number
}

/** Compiles a dataset and a valid request for it to SQL. */
export function compileQuery(dataset: Dataset, { filters, columns, limit }: TableQueryOptions): TableQuery {
  const values: string[] = []
  const bind = (value: string) => `$${values.push(value)}`

  const selected = columns.map((name) => {
    const column = dataset.columns[name]
    if (column === undefined) throw new TypeError(`dataset "${dataset.name}" has no column "${name}"`)
    return { name, ...column }
  })
  // The rows are sorted as they are and become text afterwards, while they are fetched: the sort has less to carry, and
  // the first row comes sooner. LIMIT keeps the two apart, and so the order.
  // The inner names are nobody else's: orderBy would take a column of the result before one of the table.
  const expressions = selected.map(({ sql }, index) => `(${sql}) AS waybill_${index}`).join(', ')
  const texts = selected.map((_, index) => `waybill_${index}::text AS c${index}`).join(', ')

  const conditions = Object.entries(filters).map(([name, value]) => {
    const filter = dataset.filters[name]
    if (filter === undefined) throw new TypeError(`dataset "${dataset.name}" has no filter "${name}"`)
    return `(${filter.sql(value, bind)})`
  })
  const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`

  return {
    sql: `SELECT ${texts} FROM (SELECT ${expressions} FROM ${dataset.from}${where} ORDER BY ${dataset.orderBy.join(', ')} LIMIT ${bind(String(limit))}::text::bigint) AS sorted`,
    values,
    columns: selected.map(({ name, kind }) => ({ name, kind })),
  }
}
