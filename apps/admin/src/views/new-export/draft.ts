// The content of the new export form, and its conversion to a request.
import type { Compression, CsvOptions, FormatName } from '@waybill/shared/vocabulary/export.ts'
import type { Dataset, Export, ExportRequestInput } from '../../api.ts'
import { endOfDay, isDay, type Preset, startOfDay } from '../../text/date-presets.ts'
import { EXCEL_DELIMITER } from '../../text/locale.ts'
import { filterValue, isDateRange, typedOf } from './filters.ts'

export interface DraftColumn {
  readonly name: string
  readonly chosen: boolean
}

export interface Draft {
  readonly dataset: string
  readonly format: FormatName
  /** All columns of the dataset, in the order of the file. */
  readonly columns: readonly DraftColumn[]
  /** `exact`: the times of an earlier export, which may not be whole days in the reader's time zone. */
  readonly preset: Preset | 'exact'
  /** Days; empty for no limit. */
  readonly from: string
  readonly to: string
  readonly exact: { readonly dateFrom?: string; readonly dateTo?: string }
  /** All other filters as typed; empty if not set. */
  readonly filters: Readonly<Record<string, string>>
  /** As typed; empty for no limit. */
  readonly limit: string
  readonly compression: Compression
  readonly csv: CsvOptions
}

export const PLAIN_CSV: CsvOptions = { delimiter: ',', bom: false, header: true, escapeFormulas: true }
export const EXCEL_CSV: CsvOptions = { delimiter: EXCEL_DELIMITER, bom: true, header: true, escapeFormulas: true }

export function isForExcel({ csv }: Draft): boolean {
  return csv.bom && csv.header && csv.escapeFormulas && csv.delimiter === EXCEL_DELIMITER
}

export function emptyDraft(dataset: Dataset): Draft {
  return {
    dataset: dataset.name,
    format: 'csv',
    columns: dataset.columns.map(({ name }) => ({ name, chosen: true })),
    preset: 'all',
    ...{ from: '', to: '', exact: {}, filters: {}, limit: '', compression: 'none', csv: PLAIN_CSV },
  }
}

/** The form filled in from the request of an earlier export. */
export function draftOf(record: Export, dataset: Dataset): Draft {
  const { dateFrom, dateTo, ...others } = record.filters as Record<string, string>
  const wasChosen = record.columns.filter((name) => dataset.columns.some((column) => column.name === name))
  const exact = { ...(dateFrom === undefined ? {} : { dateFrom }), ...(dateTo === undefined ? {} : { dateTo }) }
  return {
    ...emptyDraft(dataset),
    format: record.format,
    columns: [
      ...wasChosen.map((name) => ({ name, chosen: true })),
      ...dataset.columns.filter(({ name }) => !wasChosen.includes(name)).map(({ name }) => ({ name, chosen: false })),
    ],
    preset: Object.keys(exact).length === 0 ? 'all' : 'exact',
    exact,
    filters: Object.fromEntries(
      dataset.filters
        .filter(({ name }) => name in others)
        .map((filter) => [filter.name, typedOf(filter, others[filter.name])]),
    ),
    limit: record.limit === null ? '' : String(record.limit),
    compression: record.compression,
    csv: record.csv ?? PLAIN_CSV,
  }
}

/** Changes the dataset: its columns and filters replace the old ones, other choices are kept. */
export function withDataset(draft: Draft, dataset: Dataset): Draft {
  const { columns } = emptyDraft(dataset)
  const filters = Object.fromEntries(
    Object.entries(draft.filters).filter(([name]) => dataset.filters.some((filter) => filter.name === name)),
  )
  return { ...draft, dataset: dataset.name, columns, filters }
}

export type DraftError = 'columns' | 'dates' | 'limit'

/** The errors that the page finds without a request to the service. */
export function draftErrors(draft: Draft, dataset: Dataset): readonly DraftError[] {
  const limit = Number(draft.limit)
  const isLimit = draft.limit === '' || (Number.isInteger(limit) && limit >= 1 && limit <= dataset.maxRows)
  return [
    ...(draft.columns.some(({ chosen }) => chosen) ? [] : (['columns'] as const)),
    ...(isLimit ? [] : (['limit'] as const)),
    ...(isDateRange(dataset) && isReversed(draft) ? (['dates'] as const) : []),
  ]
}

function isReversed({ preset, from, to }: Draft): boolean {
  return preset !== 'exact' && from !== '' && to !== '' && from > to
}

export function requestOfDraft(draft: Draft, dataset: Dataset): ExportRequestInput {
  const chosen = draft.columns.filter((column) => column.chosen).map(({ name }) => name)
  const isUsual = chosen.join('\n') === dataset.columns.map(({ name }) => name).join('\n')
  const filters = { ...rangeOfDraft(draft, dataset), ...otherFilters(draft, dataset) }
  return {
    dataset: draft.dataset,
    format: draft.format,
    ...(Object.keys(filters).length === 0 ? {} : { filters }),
    ...(isUsual ? {} : { columns: chosen }),
    ...(draft.limit === '' ? {} : { limit: Number(draft.limit) }),
    ...(draft.compression === 'none' || draft.format === 'xlsx' ? {} : { compression: draft.compression }),
    ...(draft.format === 'csv' ? { csv: draft.csv } : {}),
  }
}

function rangeOfDraft({ preset, from, to, exact }: Draft, dataset: Dataset) {
  if (!isDateRange(dataset)) return {}
  if (preset === 'exact') return exact
  // Send an invalid day unchanged, so that the service rejects it. Without it, the export would hold too many rows.
  return {
    ...(from === '' ? {} : { dateFrom: isDay(from) ? startOfDay(from) : from }),
    ...(to === '' ? {} : { dateTo: isDay(to) ? endOfDay(to) : to }),
  }
}

function otherFilters({ filters }: Draft, dataset: Dataset): Record<string, unknown> {
  const isRange = isDateRange(dataset)
  const own = dataset.filters.filter(({ name }) => !(isRange && (name === 'dateFrom' || name === 'dateTo')))
  const set = own.filter(({ name }) => (filters[name] ?? '') !== '')
  return Object.fromEntries(set.map((filter) => [filter.name, filterValue(filter, filters[filter.name] ?? '')]))
}
