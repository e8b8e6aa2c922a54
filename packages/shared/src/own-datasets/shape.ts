// Finds the faults of a declared dataset that do not need a database.
import { z } from 'zod'
import type { Dataset, DatasetColumn, DatasetFilter, FilterValue } from '../datasets/dataset.ts'
import { COLUMN_KINDS } from '../vocabulary/table.ts'
import { isStorableText } from '../vocabulary/text.ts'

/** The name becomes part of file names, headers and object keys, so it must not contain path characters. */
const DATASET_NAME = /^[a-z][a-z0-9-]{0,62}$/
const FILTER_NAME = /^[A-Za-z][A-Za-z0-9_]{0,62}$/

/** The name becomes a header in csv and a key in JSON. */
const COLUMN_NAME = /^(?!\s)[^\p{Cc}]{1,100}(?<!\s)$/u

const text = z.string('must be text').refine((value) => value.trim() !== '', 'must not be empty')

const columnShape = {
  kind: z.enum(COLUMN_KINDS, { error: ({ input }) => `must be one of ${COLUMN_KINDS.join(', ')}, not ${show(input)}` }),
  sql: text,
} satisfies Record<keyof DatasetColumn, z.ZodType>

const filterShape = {
  description: text,
  schema: z.custom(isSchema, 'must be a zod 4 schema'),
  sql: z.custom((value) => typeof value === 'function', 'must be a function (value, bind) => condition'),
} satisfies Record<keyof DatasetFilter<FilterValue>, z.ZodType>

const columnName = z
  .string()
  .refine(
    (name) => COLUMN_NAME.test(name) && isStorableText(name),
    'must be 1 to 100 characters, without control characters and without leading or trailing spaces',
  )
  // JavaScript moves integer keys to the front, which would change the order of the columns.
  .refine((name) => !/^\d+$/.test(name), 'must not be a number')

const datasetShape = {
  name: z.string('must be text').regex(DATASET_NAME, `must match ${DATASET_NAME}`),
  title: text,
  columns: table(columnShape, 'column', columnName).refine(
    (columns) => Object.keys(columns).length > 0,
    'must not be empty: a file needs at least one column',
  ),
  from: text,
  filters: table(filterShape, 'filter', z.string().regex(FILTER_NAME, `must match ${FILTER_NAME}`)),
  orderBy: z
    .array(text, 'must be a list of SQL expressions')
    .min(1, 'must not be empty: the order of rows would be undefined'),
  access: z.enum(['caller', 'admin'], 'must be caller or admin').optional(),
  database: z.literal('source', 'must be source: only built-in datasets read the ledger').optional(),
} satisfies Record<keyof Dataset, z.ZodType>

const datasetSchema = z.strictObject(datasetShape, { error: objectFault('a dataset') })

/** @returns faults such as `column "total": kind must be one of …`; empty if the dataset can be checked on a database */
export function datasetFaults(declared: unknown): string[] {
  const { error } = datasetSchema.safeParse(declared)
  return (error?.issues ?? []).map(({ path, message }) => `${place(path)}${message}`)
}

/** A record from names to objects of the given shape. */
function table(shape: z.ZodRawShape, what: string, name: z.ZodType<string, string>) {
  const entry = z.strictObject(shape, { error: objectFault(`a ${what}`) })
  const error: z.core.$ZodErrorMap = (issue) =>
    issue.code === 'invalid_key'
      ? `the name ${issue.issues.map(({ message }) => message).join(', and ')}`
      : `must be an object with one entry per ${what}: name to declaration`
  return z.record(name, entry, { error })
}

function objectFault(what: string): z.core.$ZodErrorMap {
  return (issue) =>
    issue.code === 'unrecognized_keys'
      ? `${issue.keys.map(show).join(', ')} ${issue.keys.length > 1 ? 'are not fields' : 'is not a field'} of ${what}`
      : `must be ${what}, not ${show(issue.input)}`
}

function place(path: readonly PropertyKey[]): string {
  const [field, name, ...rest] = path.map(String)
  if (field === undefined) return ''
  if (name === undefined) return `${field} `
  if (field === 'orderBy') return `orderBy[${name}] `
  const part = field === 'columns' ? 'column' : 'filter'
  return `${part} ${show(name)}: ${rest.map((key) => `${key} `).join('')}`
}

function isSchema(value: unknown): boolean {
  return typeof value === 'object' && value !== null && '_zod' in value && 'safeParse' in value
}

function show(value: unknown): string {
  return value === undefined ? 'missing' : (JSON.stringify(value) ?? typeof value).slice(0, 100)
}
