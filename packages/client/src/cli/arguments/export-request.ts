// Builds the export request of `export` and `preview` from the arguments.
import { statSync } from 'node:fs'
import { basename } from 'node:path'
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
    description: 'file format (default: from the extension of the file, else csv)',
  },
  filter: {
    type: 'texts',
    value: 'NAME=VALUE',
    description: 'a filter by its full name; you can pass several',
  },
  columns: { type: 'text', short: 'c', value: 'A,B,C', description: 'columns to export, in this order (default: all)' },
  limit: { type: 'text', short: 'n', value: 'ROWS', description: 'maximum number of rows' },
  gzip: { type: 'switch', description: 'compress the file (not xlsx)' },
  delimiter: {
    type: 'text',
    value: 'NAME',
    choices: Object.keys(DELIMITERS),
    description: 'csv only: field delimiter',
  },
  bom: { type: 'switch', description: 'csv only: add a byte order mark for Excel' },
  'no-header': { type: 'switch', description: 'csv only: omit the header row' },
  'no-escape-formulas': {
    type: 'switch',
    description: 'csv only: do not escape text that a spreadsheet would run as a formula',
  },
} as const satisfies Flags

export const FILTERS_HELP = [
  'Filters of the dataset are flags: --from and --to for its dates, --game for externalGameId, and so on. "waybill datasets ' +
    'NAME" lists them.',
  `Dates: ${DATE_FORMS}.`,
  'Filters with several values: --states open,paid or --filter states=open --filter states=paid.',
]

/** Reads the dataset first, so that typos are reported before the request. @throws UsageError */
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
    throw new UsageError(
      `unknown dataset "${name}", or not allowed for this key.${meant}`,
      `Datasets: ${names.join(', ')}`,
    )
  }
  const byName = formatOf(file)
  if (flags.format === undefined && byName === undefined) refuseUnknownExtension(file)
  const format = FORMATS.find((known) => known === flags.format) ?? byName?.format ?? 'csv'
  const isGzip = flags.gzip || (byName?.isGzip === true && byName.format === format)
  const csv = csvOptions(flags)
  return {
    dataset: name,
    format,
    filters: readFilters(dataset, { pairs: flags.filter, flags: others }, Object.keys(REQUEST_FLAGS)),
    // Always by name, so that unfinished.ts can match an interrupted download to the request.
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
  if (!/^[1-9]\d{0,9}$/.test(plain)) throw new UsageError(`${flag} must be a positive integer, not "${text}"`)
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

/** Without `--format` the extension decides. @throws UsageError for one that names no format */
function refuseUnknownExtension(file: string | undefined): void {
  const [, extension] = /(?:^|[^.])(\.[a-z0-9]+(?:\.gz)?)$/i.exec(basename(file ?? '')) ?? []
  if (extension === undefined || isDirectory(file)) return
  throw new UsageError(
    `the extension "${extension}" names no file format.${didYouMean(extension.slice(1), FORMATS)}`,
    `Use ${FORMATS.map((format) => `.${format}`).join(', ')}, or add --format FORMAT.`,
  )
}

function isDirectory(path: string | undefined): boolean {
  return path !== undefined && statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}

/** `points.csv.gz` is csv, compressed with gzip. */
function formatOf(file: string | undefined): { format: (typeof FORMATS)[number]; isGzip: boolean } | undefined {
  const [, extension, gz] = /\.([a-z]+)(\.gz)?$/i.exec(file ?? '') ?? []
  const format = FORMATS.find((known) => known === extension?.toLowerCase())
  return format === undefined ? undefined : { format, isGzip: gz !== undefined }
}
