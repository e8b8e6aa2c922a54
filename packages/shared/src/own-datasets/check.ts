// Checks datasets against the source database: it prepares every expression, so that mistakes show before a request.
import { isDeepStrictEqual } from 'node:util'
import type pg from 'pg'
import { databaseFailure } from '../database/failure.ts'
import { boundValue, type Dataset, type DatasetFilter, type FilterValue } from '../datasets/dataset.ts'
import type { ColumnKind } from '../vocabulary/table.ts'
import { prepare, withSource } from './probe.ts'
import { sampleOf } from './sample.ts'

/** Allowed kinds by the OID of the Postgres type (pg_type.dat). Every type may also be `text`. */
const KINDS_BY_TYPE: ReadonlyMap<number, readonly ColumnKind[]> = new Map([
  [16, ['boolean']],
  [20, ['bigint', 'numeric']], // int8
  [21, ['integer', 'bigint', 'numeric']], // int2
  [23, ['integer', 'bigint', 'numeric']], // int4
  [114, ['json']],
  [700, ['float']], // float4
  [701, ['float']], // float8
  [1082, ['date']],
  [1114, ['timestamp']],
  [1184, ['timestamp']], // timestamptz
  [1700, ['numeric']],
  [2950, ['uuid']],
  [3802, ['json']], // jsonb
])

/**
 * Finds the faults of each dataset, such as `column "total": column o.totl does not exist`. The result only has datasets
 * with faults. Each statement has LIMIT 0: it reads no rows, and still checks the permission to read the table.
 *
 * @throws SourceUnavailableError
 */
export async function checkDatasets(url: string, datasets: Iterable<Dataset>): Promise<Map<string, string[]>> {
  return withSource(url, async (client) => {
    const faults = new Map<string, string[]>()
    for (const dataset of datasets) {
      const found = await datasetFaults(client, dataset)
      if (found.length > 0) faults.set(dataset.name, found)
    }
    return faults
  })
}

/** Rows that are checked for equal sort keys. */
const ORDER_SAMPLE_ROWS = 10_000

/** Reads some rows and checks that orderBy is unique, so that the order of rows is stable. @throws SourceUnavailableError */
export async function checkOrder(url: string, { orderBy, from }: Dataset): Promise<string[]> {
  const key = orderBy.map((expression) => `(${expression})::text`).join(', ')
  const sql = `SELECT count(*)::int AS rows, count(DISTINCT place)::int AS places
    FROM (SELECT ROW(${key}) AS place FROM ${from} LIMIT ${ORDER_SAMPLE_ROWS}) AS sample`
  return withSource(url, async (client) => {
    try {
      const {
        rows: [counts],
      } = await client.query<{ rows: number; places: number }>(sql)
      const doubles = counts === undefined ? 0 : counts.rows - counts.places
      return doubles === 0
        ? []
        : [`orderBy: ${doubles} of ${counts?.rows} rows have the same sort key as another row; add a unique column`]
    } catch (error) {
      const { kind, message } = databaseFailure(error)
      // A timeout says nothing about the dataset.
      return kind === 'refused' ? [`a row cannot be read: ${message}`] : []
    }
  })
}

/** Prepares the whole query first. If that fails, prepares each part, to locate the faults. */
async function datasetFaults(client: pg.Client, dataset: Dataset): Promise<string[]> {
  const { columns, from, orderBy, filters } = dataset
  const columnList = Object.values(columns).map(({ sql }) => `(${sql})`)
  const whole = await prepare(client, `SELECT ${columnList.join(', ')} FROM ${from} ORDER BY ${orderBy.join(', ')}`)
  if (whole.fault !== undefined) {
    const start = await prepare(client, `SELECT FROM ${from}`)
    if (start.fault !== undefined) return [`from: ${start.fault}`]
  }
  const faults: string[] = []
  const add = (part: string, fault: string | undefined) => {
    if (fault !== undefined) faults.push(`${part}: ${fault}`)
  }
  for (const [index, [name, { kind, sql }]] of Object.entries(columns).entries()) {
    const { fault, types } = whole.fault === undefined ? whole : await prepare(client, `SELECT (${sql}) FROM ${from}`)
    const type = whole.fault === undefined ? types[index] : types[0]
    add(`column "${name}"`, fault ?? (await kindFault(client, kind, type)))
  }
  for (const [index, expression] of orderBy.entries()) {
    if (whole.fault === undefined) break
    add(`orderBy[${index}]`, (await prepare(client, `SELECT FROM ${from} ORDER BY ${expression}`)).fault)
  }
  if (faults.length === 0) add('query', whole.fault)
  for (const [name, filter] of Object.entries(filters)) add(`filter "${name}"`, await filterFault(client, from, filter))
  return faults
}

async function kindFault(client: pg.Client, kind: ColumnKind, type: number | undefined): Promise<string | undefined> {
  if (type === undefined || kind === 'text') return undefined
  const kinds = [...(KINDS_BY_TYPE.get(type) ?? []), 'text'] as const
  if (kinds.includes(kind)) return undefined
  const { rows } = await client.query<{ name: string }>('SELECT format_type($1::oid, NULL) AS name', [type])
  return `its kind is ${kind}, but its SQL returns ${rows[0]?.name}: use ${kinds.join(' or ')}, or a cast`
}

/** A filter without a sample value is not checked. */
async function filterFault(
  client: pg.Client,
  from: string,
  // biome-ignore lint/suspicious/noExplicitAny: as in Dataset: the sample has passed the schema of this filter.
  { schema, sql }: DatasetFilter<any>,
): Promise<string | undefined> {
  const sample = sampleOf(schema)
  if (sample === undefined) return undefined
  // A worker reads the value from the row of the export, where it is stored as JSON.
  const stored: FilterValue = JSON.parse(JSON.stringify(sample))
  if (!isDeepStrictEqual(stored, sample)) return 'its schema returns a value that JSON changes'
  const values: string[] = []
  let condition: string
  try {
    condition = sql(stored, (value) => boundValue(values.push(value)))
  } catch (error) {
    return `its sql fails for ${JSON.stringify(sample)}: ${error instanceof Error ? error.message : String(error)}`
  }
  if (typeof stored === 'string' && stored.length >= 6 && condition.includes(stored)) {
    return 'its value becomes part of the SQL: pass it to bind and use the placeholder that bind returns'
  }
  return (await prepare(client, `SELECT FROM ${from} WHERE (${condition})`, values)).fault
}
