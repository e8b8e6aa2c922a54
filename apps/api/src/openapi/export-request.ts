// The documented body of POST /v1/exports: one schema per dataset, with its columns and filters.

import type { Dataset } from '@waybill/shared/datasets/dataset.ts'
import type { Datasets } from '@waybill/shared/datasets/registry.ts'
import { exportRequestSchema } from '@waybill/shared/vocabulary/export.ts'
import { z } from 'zod'
import { refer } from './json-schema.ts'

/** Accepts what `exportRequestSchema` and `checkExportRequest` accept, except for rules that concern several fields. */
export function exportRequestByDataset(datasets: Datasets): z.ZodType {
  const [first, ...others] = [...datasets.values()].map(requestFor)
  if (first === undefined) return exportRequestSchema
  const mapping = Object.fromEntries([...datasets.keys()].map((name) => [name, refer(schemaName(name)).$ref]))
  const discriminator = { propertyName: 'dataset', mapping }
  return z.discriminatedUnion('dataset', [first, ...others]).meta({ id: 'ExportRequest', discriminator })
}

function requestFor({ name, title, columns, filters }: Dataset) {
  const optionalFilters = Object.entries(filters).map(([filter, { schema, description }]): [string, z.ZodType] => [
    filter,
    schema.describe(description).optional(),
  ])
  const example = {
    dataset: name,
    format: 'csv',
    filters: Object.hasOwn(filters, 'dateFrom') ? { dateFrom: '2026-01-01' } : {},
    columns: Object.keys(columns).slice(0, 3),
    limit: 10_000,
  }
  return exportRequestSchema
    .extend({
      dataset: z.literal(name).describe(`${title}.`),
      filters: z
        .strictObject(Object.fromEntries(optionalFilters))
        .default({})
        .describe('Which rows to export; default: all.'),
      columns: z
        .array(z.enum(Object.keys(columns)))
        .min(1)
        .optional()
        .describe('Which columns to export, in this order; default: all.'),
    })
    .meta({ id: schemaName(name), title, examples: [example] })
}

function schemaName(dataset: string): string {
  return `ExportRequest.${dataset}`
}
