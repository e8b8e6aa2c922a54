// GET /v1/datasets: the datasets that the caller may export.

import { mayExport } from '@waybill/shared/access/rights.ts'
import { datasetListSchema } from '@waybill/shared/contract/datasets.ts'
import type { DatasetFilter } from '@waybill/shared/datasets/dataset.ts'
import { FORMAT_NAMES } from '@waybill/shared/vocabulary/export.ts'
import { z } from 'zod'
import { callerOf } from '../auth/authenticate.ts'
import type { ServerDeps } from '../deps.ts'
import { defineRoute, type Route } from '../http/route.ts'

export function datasetRoutes({ config, datasets }: ServerDeps): Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/datasets',
      access: 'caller',
      operationId: 'listDatasets',
      tag: 'Datasets',
      summary: 'List the datasets that you can export, with their columns, filters and formats',
      responses: { 200: { description: 'The datasets.', body: datasetListSchema } },
      problems: [],
      handle(_request, response) {
        const caller = callerOf(response)
        const visible = [...datasets.values()].filter((dataset) => mayExport(caller, dataset))
        response.json({
          items: visible.map(({ name, title, columns, filters }) => ({
            name,
            title,
            columns: Object.entries(columns).map(([column, { kind }]) => ({ name: column, kind })),
            filters: Object.entries(filters).map(([filter, { description, schema }]) => ({
              name: filter,
              description,
              schema: jsonSchema(schema),
            })),
            formats: [...FORMAT_NAMES],
            maxRows: config.MAX_ROWS,
          })),
        })
      },
    }),
  ]
}

/** Enough for a form. Rules that JSON Schema cannot express are checked when the filter is used. */
function jsonSchema(schema: DatasetFilter['schema']): Record<string, unknown> {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })
  return rest
}
