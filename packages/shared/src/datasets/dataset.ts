// The interface of a dataset, which declares the table of a file, and its compilation to one SQL query.
import { z } from 'zod'
import { instantFilterSchema, isDay } from '../vocabulary/instant.ts'
import type { Column, ColumnKind } from '../vocabulary/table.ts'
import { isStorableText, NOT_STORABLE } from '../vocabulary/text.ts'

/** A column of the file. `sql` is an expression such as `p."caseName"`. */
export interface DatasetColumn {
  readonly kind: ColumnKind
  readonly sql: string
}

/** The value of a filter. It is stored as JSON in the row of the export until a worker reads it. */
export type FilterValue =
  | string
  | number
  | boolean
  | null
  | readonly FilterValue[]
  | { readonly [key: string]: FilterValue }

/** A filter that callers can set. */
export interface DatasetFilter<T extends FilterValue = string> {
  /** Description for people. */
  readonly description: string
  /** A zod 4 schema that checks the value of the caller. */
  readonly schema: z.ZodType<T>
  /**
   * Returns the SQL condition. Call `bind(value)` for every value; it returns an expression of type text. Values must never become
   * part of the SQL text.
   */
  readonly sql: (value: T, bind: (value: string) => string) => string
}

/** Who may export a dataset. */
export type DatasetAccess = 'caller' | 'admin'

export interface Dataset {
  /** Used in URLs and file names: lower-case letters, digits and dashes. */
  readonly name: string
  readonly title: string
  readonly columns: Readonly<Record<string, DatasetColumn>>
  /** The FROM clause without the keyword, including joins. */
  readonly from: string
  // biome-ignore lint/suspicious/noExplicitAny: filters of one dataset have different value types; defineFilter checks each.
  readonly filters: Readonly<Record<string, DatasetFilter<any>>>
  /** SQL expressions that sort the rows. Together they must be unique, or the order of equal rows is undefined. */
  readonly orderBy: readonly string[]
  /** `caller`: every authenticated caller may export it. `admin`: administrators only. Default: `caller`. */
  readonly access?: DatasetAccess
  /** `source`: SOURCE_DATABASE_URL. `ledger`: Waybill's own tables in DATABASE_URL. Default: `source`. */
  readonly database?: 'source' | 'ledger'
}

/** Declares a dataset. The start of the process reports all faults that the type does not prevent. */
export function defineDataset(dataset: Dataset): Dataset {
  return Object.freeze(dataset)
}

/** Declares a filter. It only infers one type for `schema` and `sql`. */
export function defineFilter<T extends FilterValue>(filter: DatasetFilter<T>): DatasetFilter<T> {
  return filter
}

export const textFilterSchema: z.ZodType<string> = z.string().min(1).max(1000).refine(isStorableText, NOT_STORABLE)

/** `dateFrom` and `dateTo` on a timestamptz column, both inclusive. A date means the whole day in UTC. */
export function dateFilters(column: string): Record<'dateFrom' | 'dateTo', DatasetFilter> {
  return {
    dateFrom: defineFilter({
      description: 'Rows created at this time or later. A date means its start in UTC.',
      schema: instantFilterSchema,
      sql: (value, bind) =>
        isDay(value)
          ? `${column} >= (${bind(value)}::text::date)::timestamp AT TIME ZONE 'UTC'`
          : `${column} >= ${bind(value)}::text::timestamptz`,
    }),
    dateTo: defineFilter({
      description: 'Rows created at this time or earlier. A date includes the whole day in UTC.',
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

/** A query on one dataset, which the reader runs. Its result columns are in the order of `columns`. */
export interface TableQuery {
  /** Reads its values from settings of the transaction, as COPY takes no parameters: see {@link boundValue}. */
  readonly sql: string
  readonly values: readonly string[]
  readonly columns: readonly Column[]
}

export interface TableQueryOptions {
  /** Values that have passed the schemas of the filters. */
  readonly filters: Readonly<Record<string, unknown>>
  /** Column names in the order of the file. */
  readonly columns: readonly string[]
  /** Maximum number of rows. */
  readonly limit: number
  /** Characters of a cell at most; the database cuts the rest off. Absent: whole cells. */
  readonly cellLength?: number | undefined
}

/** The expression for the value that stands at this place of `values`, counted from 1. */
export function boundValue(place: number): string {
  return `current_setting('${settingOf(place)}')`
}

/** The name of the setting that holds the value. A name with a dot is free for any session to set. */
export function settingOf(place: number): string {
  return `waybill.v${place}`
}

/** These kinds are printed by COPY as a cast to text prints them. A boolean is not, nor are some types of kind text. */
const PRINTED_AS_TEXT: ReadonlySet<ColumnKind> = new Set([
  'uuid',
  'integer',
  'bigint',
  'float',
  'numeric',
  'timestamp',
  'date',
  'json',
])

/** Values of these kinds have no short upper bound of their length. */
const CAN_BE_LONG: ReadonlySet<ColumnKind> = new Set(['text', 'json', 'numeric'])

/** Compiles a dataset and a valid request for it to SQL. */
export function compileQuery(dataset: Dataset, { filters, columns, limit, cellLength }: TableQueryOptions): TableQuery {
  const values: string[] = []
  const bind = (value: string) => boundValue(values.push(value))

  const selected = columns.map((name) => {
    const column = dataset.columns[name]
    if (column === undefined) throw new TypeError(`dataset "${dataset.name}" has no column "${name}"`)
    return { name, ...column }
  })
  // The inner query sorts the original values, and the outer query converts them to text while rows are fetched. So the
  // sort needs less memory, and the first row arrives sooner. LIMIT prevents Postgres from merging the two queries.
  // The inner names are unique, because ORDER BY prefers a result column to a column of the table.
  const expressions = selected.map(({ sql }, index) => `(${sql}) AS waybill_${index}`).join(', ')
  const texts = selected
    .map(({ kind }, index) => {
      if (cellLength !== undefined && CAN_BE_LONG.has(kind)) return `left(waybill_${index}::text, ${cellLength})`
      return PRINTED_AS_TEXT.has(kind) ? `waybill_${index}` : `waybill_${index}::text`
    })
    .join(', ')

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
