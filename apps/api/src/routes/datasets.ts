// GET /v1/datasets: what can be exported, and how.
import { datasetListSchema } from '@waybill/shared/contract/datasets.ts'
import { FORMAT_NAMES } from '@waybill/shared/export.ts'
import { callerOf } from '../auth.ts'
import { defineRoute, type Route } from '../route.ts'
import type { ServerDeps } from '../server.ts'

export function datasetRoutes({ config, datasets }: ServerDeps): Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/datasets',
      access: 'caller',
      operationId: 'listDatasets',
      tag: 'Datasets',
      summary: 'List what can be exported: columns with their kinds, filters, formats',
      answers: { 200: { description: 'The datasets.', body: datasetListSchema } },
      problems: [],
      handle(_request, response) {
        const { datasets: allowed } = callerOf(response)
        const visible = [...datasets.values()].filter(({ name }) => allowed.length === 0 || allowed.includes(name))
        response.json({
          items: visible.map(({ name, title, columns, filters }) => ({
            name,
            title,
            columns: Object.entries(columns).map(([column, { kind }]) => ({ name: column, kind })),
            filters: Object.entries(filters).map(([filter, { description }]) => ({ name: filter, description })),
            formats: [...FORMAT_NAMES],
            maxRows: config.MAX_ROWS,
          })),
        })
      },
    }),
  ]
}
