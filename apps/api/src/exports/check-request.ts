// Checks an export request against its dataset and format.

import { mayExport, requireExportable } from '@waybill/shared/access/rights.ts'
import type { Dataset } from '@waybill/shared/datasets/dataset.ts'
import { type ExportPlan, type PlanDeps, planExport } from '@waybill/shared/exports/plan-export.ts'
import { FORMATS } from '@waybill/shared/formats/index.ts'
import type { Config } from '@waybill/shared/settings/schema.ts'
import { type FieldError, WaybillError } from '@waybill/shared/vocabulary/errors.ts'
import type { ExportRequest, ExportRequestInput } from '@waybill/shared/vocabulary/export.ts'
import { urlRules, webhookUrlFault } from '@waybill/shared/webhooks/url.ts'
import type { Caller } from '../auth/authenticate.ts'
import { fieldErrors } from '../http/problem.ts'

export interface CheckedRequest extends Omit<ExportRequest, 'columns'> {
  /** All columns of the dataset when the caller named none. */
  readonly columns: readonly string[]
}

/**
 * Checks what the schema of the body cannot know, reports every fault at once, and plans the export.
 *
 * @param sent the body before its defaults were filled in
 * @throws WaybillError VALIDATION_FAILED, FORBIDDEN
 */
export function checkExportRequest(
  body: ExportRequest,
  sent: unknown,
  caller: Caller,
  deps: PlanDeps & { readonly config: Config },
): { readonly checked: CheckedRequest; readonly plan: ExportPlan } {
  const { datasets, config } = deps
  const errors: FieldError[] = []
  const { MAX_ROWS: maxRows } = config
  if (body.limit !== undefined && body.limit > maxRows) {
    errors.push({ path: 'limit', message: `must be at most ${maxRows}` })
  }
  if (body.compression !== 'none' && !FORMATS[body.format].compressible) {
    errors.push({ path: 'compression', message: `is not for ${body.format}: it is compressed already` })
  }
  if (body.format !== 'csv' && Object.hasOwn(sent as object, 'csv')) {
    errors.push({ path: 'csv', message: `is for format csv only, not for ${body.format}` })
  }
  const urlFault = body.webhookUrl === undefined ? undefined : webhookUrlFault(body.webhookUrl, urlRules(config))
  if (urlFault !== undefined) errors.push({ path: 'webhookUrl', message: urlFault })

  const dataset = datasets.get(body.dataset)
  if (dataset === undefined) {
    const open = [...datasets.values()].filter((known) => mayExport(caller, known)).map(({ name }) => name)
    errors.push({ path: 'dataset', message: `must be one of: ${open.join(', ')}` })
    throw new WaybillError('VALIDATION_FAILED', undefined, { errors })
  }
  requireExportable(caller, dataset)
  // As they were sent, because zod's record drops the key "__proto__" silently, and no filter may be ignored.
  const { filters, errors: filterErrors } = checkFilters(dataset, (sent as ExportRequestInput).filters ?? {})
  errors.push(...filterErrors, ...checkColumns(dataset, body.columns ?? []))
  if (errors.length > 0) throw new WaybillError('VALIDATION_FAILED', undefined, { errors })

  const checked = { ...body, filters, columns: body.columns ?? Object.keys(dataset.columns) }
  return { checked, plan: planExport(checked, deps) }
}

function checkFilters(
  dataset: Dataset,
  given: Readonly<Record<string, unknown>>,
): { filters: Record<string, unknown>; errors: FieldError[] } {
  const errors: FieldError[] = []
  const filters: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(given)) {
    const filter = Object.hasOwn(dataset.filters, name) ? dataset.filters[name] : undefined
    if (filter === undefined) {
      const known = Object.keys(dataset.filters).join(', ') || 'none'
      errors.push({ path: `filters.${name}`, message: `is not a filter of ${dataset.name}, which has: ${known}` })
      continue
    }
    const parsed = filter.schema.safeParse(value)
    if (parsed.success) filters[name] = parsed.data
    else errors.push(...fieldErrors(parsed.error, ['filters', name]))
  }
  const { dateFrom, dateTo } = filters
  if (typeof dateFrom === 'string' && typeof dateTo === 'string' && isAfter(dateFrom, dateTo)) {
    errors.push({ path: 'filters.dateTo', message: 'must not be before dateFrom' })
  }
  return { filters, errors }
}

function checkColumns(dataset: Dataset, columns: readonly string[]): FieldError[] {
  return columns.flatMap((name, index): FieldError[] => {
    const path = `columns[${index}]`
    if (!Object.hasOwn(dataset.columns, name)) {
      const known = Object.keys(dataset.columns).join(', ')
      return [{ path, message: `is not a column of ${dataset.name}, which has: ${known}` }]
    }
    return columns.indexOf(name) === index ? [] : [{ path, message: 'is named twice' }]
  })
}

/** Compares milliseconds, which is enough to find swapped dates. A day as `dateTo` includes its end. */
function isAfter(dateFrom: string, dateTo: string): boolean {
  const end = Date.parse(dateTo) + (dateTo.length === 10 ? 86_399_999 : 0)
  return Date.parse(dateFrom) > end
}
