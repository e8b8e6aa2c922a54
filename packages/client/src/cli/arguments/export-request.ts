// The request for an export from what was typed: of `export` and of `preview`.
import type { DatasetBody } from '@waybill/shared/contract/datasets.ts'
import type { ExportRequestBody } from '@waybill/shared/contract/exports.ts'
import type { WaybillClient } from '../../client.ts'
import type { Call, Flags } from './command.ts'
import { DATE_FORMS } from './dates.ts'
import { readFilters } from './filters.ts'
import { didYouMean } from './suggest.ts'
import { UsageError } from './usage-error.ts'

const FORMATS = ['csv', 'json', 'ndjson', 'xlsx'] as const satisfies ExportRequestBody['format'][]
const DELIMITERS = { comma: ',', semicolon: ';', tab: '\t', pipe: '|' } as const

export const REQUEST_FLAGS = {
  format: {
    type: 'text',
    short: 'f',
    value: 'FORMAT',
    choices: FORMATS,
    description: 'by default as the name of the file says, else csv',
  },
  filter: {
    type: 'texts',
    value: 'NAME=VALUE',
    description: 'a filter of the dataset, by its whole name; may come several times',
  },
  columns: { type: 'text', short: 'c', value: 'A,B,C', description: 'which columns, in this order (default: all)' },
  limit: { type: 'text', short: 'n', value: 'ROWS', description: 'rows at most' },
  gzip: { type: 'switch', description: 'compress the file (not xlsx)' },
  delimiter: { type: 'text', value: 'NAME', choices: Object.keys(DELIMITERS), description: 'csv only' },
  bom: { type: 'switch', description: 'csv only: begin with a byte order mark, as Excel wants' },
  'no-header': { type: 'switch', description: 'csv only: no line with the names of the columns' },
  'no-escape-formulas': { type: 'switch', description: 'csv only: leave text that a spreadsheet would run as it is' },
} as const satisfies Flags

export const FILTERS_HELP = [
  'Filters of the dataset are flags too: --from and --to on its dates, --game on externalGameId, and so on; "waybill datasets ' +
    'NAME" lists them.',
  `Dates: ${DATE_FORMS}.`,
  'A filter that takes a list: --states open,paid, or --filter states=open --filter states=paid.',
]

/** Looks at the dataset first, so that a slip is told before anything is asked for. @throws UsageError */
export async function readRequest(
  { arguments: [name = ''], flags, others }: Call<typeof REQUEST_FLAGS>,
  client: WaybillClient,
  file: string | undefined,
  signal?: AbortSignal,
): Promise<ExportRequestBody> {
  const datasets = await client.datasets.list({ signal })
  const names = datasets.map((dataset) => dataset.name)
  const dataset = datasets.find((one) => one.name === name)
  if (dataset === undefined) {
    const meant = didYouMean(name, names)
    throw new UsageError(`There is no dataset "${name}", or not for this key.${meant}`, `Datasets: ${names.join(', ')}`)
  }
  const byName = formatOf(file)
  const format = FORMATS.find((known) => known === flags.format) ?? byName?.format ?? 'csv'
  const isGzip = flags.gzip || (byName?.isGzip === true && byName.format === format)
  const csv = csvOptions(flags)
  return {
    dataset: name,
    format,
    filters: readFilters(dataset, { pairs: flags.filter, flags: others }, Object.keys(REQUEST_FLAGS)),
    // All of them by name, too: so that a download which was broken off is known for what it is (unfinished.ts).
    columns:
      flags.columns === undefined ? dataset.columns.map((column) => column.name) : readColumns(flags.columns, dataset),
    ...(flags.limit === undefined ? {} : { limit: readNumber('--limit', flags.limit) }),
    ...(isGzip ? { compression: 'gzip' as const } : {}),
    ...(csv === undefined ? {} : { csv }),
  }
}

/** @throws UsageError */
export function readNumber(flag: string, text: string): number {
  const plain = text.replaceAll(/[_,]/g, '')
  if (!/^[1-9]\d{0,9}$/.test(plain)) throw new UsageError(`${flag} is a whole number from 1, not "${text}"`)
  return Number(plain)
}

function readColumns(text: string, { name, columns }: DatasetBody): string[] {
  const known = columns.map((column) => column.name)
  const wanted = text.split(',').map((column) => column.trim())
  for (const column of wanted) {
    if (!known.includes(column)) {
      throw new UsageError(
        `${name} has no column "${column}".${didYouMean(column, known)}`,
        `Columns: ${known.join(', ')}`,
      )
    }
  }
  return wanted
}

function csvOptions(flags: Call<typeof REQUEST_FLAGS>['flags']): ExportRequestBody['csv'] {
  const delimiter = flags.delimiter === undefined ? undefined : DELIMITERS[flags.delimiter as keyof typeof DELIMITERS]
  const options = {
    ...(delimiter === undefined ? {} : { delimiter }),
    ...(flags.bom ? { bom: true } : {}),
    ...(flags['no-header'] ? { header: false } : {}),
    ...(flags['no-escape-formulas'] ? { escapeFormulas: false } : {}),
  }
  return Object.keys(options).length === 0 ? undefined : options
}

/** `points.csv.gz` is csv, compressed. */
function formatOf(file: string | undefined): { format: (typeof FORMATS)[number]; isGzip: boolean } | undefined {
  const [, extension, gz] = /\.([a-z]+)(\.gz)?$/i.exec(file ?? '') ?? []
  const format = FORMATS.find((known) => known === extension?.toLowerCase())
  return format === undefined ? undefined : { format, isGzip: gz !== undefined }
}
