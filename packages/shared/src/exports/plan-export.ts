// Resolves what a request for an export names: the dataset, the format, the limit and the database to read.
import type { Reader } from '../database/client.ts'
import { compileQuery, type Dataset, type TableQuery } from '../datasets/dataset.ts'
import type { Datasets } from '../datasets/registry.ts'
import type { Format } from '../formats/format.ts'
import { FORMATS } from '../formats/index.ts'
import type { Config } from '../settings/schema.ts'
import type { Readers } from '../source/readers.ts'
import { WaybillError } from '../vocabulary/errors.ts'
import type { Compression, FormatName } from '../vocabulary/export.ts'

/** A request as a caller sent it, or as the row of an export holds it. */
export interface PlannedRequest {
  readonly dataset: string
  readonly format: FormatName
  /** Values that passed the schemas of the dataset's filters. */
  readonly filters: Readonly<Record<string, unknown>>
  /** Names of columns, in the order of the file. */
  readonly columns: readonly string[]
  /** Rows at most; absent: as many as MAX_ROWS allows. */
  readonly limit?: number | null | undefined
  readonly compression: Compression
}

export interface PlanDeps {
  readonly config: Pick<Config, 'MAX_ROWS'>
  readonly datasets: Datasets
  readonly readers: Readers
}

export interface ExportPlan {
  readonly dataset: Dataset
  readonly format: Format
  /** Of the file, compression included. */
  readonly extension: string
  readonly contentType: string
  /** Rows of the file at most. */
  readonly limit: number
  /** The database that the dataset is read from. */
  readonly reader: Reader
  /** The query for at most so many rows, of whole cells or of cells with at most so many characters. */
  query(limit: number, cellLength?: number): TableQuery
}

/** @throws WaybillError DATASET_UNKNOWN */
export function planExport(request: PlannedRequest, { config, datasets, readers }: PlanDeps): ExportPlan {
  const { filters, columns } = request
  const dataset = datasets.get(request.dataset)
  if (dataset === undefined) {
    throw new WaybillError('DATASET_UNKNOWN', `There is no dataset "${request.dataset}" here.`)
  }
  const format = FORMATS[request.format]
  return {
    dataset,
    format,
    ...fileType(format, request.compression),
    limit: Math.min(request.limit ?? config.MAX_ROWS, config.MAX_ROWS),
    reader: readers[dataset.database ?? 'source'],
    query: (limit, cellLength) => compileQuery(dataset, { filters, columns, limit, cellLength }),
  }
}

/** A compressed file has the type of its compression, so that no client unpacks it on the way. */
function fileType({ extension, contentType }: Format, compression: Compression) {
  return compression === 'gzip'
    ? { extension: `${extension}.gz`, contentType: 'application/gzip' }
    : { extension, contentType }
}
