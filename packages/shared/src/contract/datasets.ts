// Datasets with their columns and filters.
import { z } from 'zod'
import { FORMAT_NAMES } from '../vocabulary/export.ts'
import { COLUMN_KINDS } from '../vocabulary/table.ts'
import { datasetNameSchema } from './fields.ts'

export const columnSchema = z
  .object({
    name: z
      .string()
      .describe('Column name, as in the header of the file.')
      .meta({ examples: ['created_at'] }),
    kind: z.enum(COLUMN_KINDS).describe('Type of the cells.'),
  })
  .meta({ id: 'Column' })

export const datasetSchema = z
  .object({
    name: datasetNameSchema,
    title: z
      .string()
      .describe('A label for people.')
      .meta({ examples: ['User points'] }),
    columns: z.array(columnSchema).describe('All columns in the default order.'),
    filters: z.array(
      z.object({
        name: z.string().meta({ examples: ['dateFrom'] }),
        description: z.string().meta({ examples: ['Rows created at this time or later.'] }),
        schema: z
          .record(z.string(), z.unknown())
          .describe('JSON Schema of the value.')
          .meta({ examples: [{ type: 'string', format: 'date-time' }] }),
      }),
    ),
    formats: z.array(z.enum(FORMAT_NAMES)),
    maxRows: z.int().min(1).describe('Maximum and default of `limit`.'),
  })
  .meta({ id: 'Dataset' })
export type DatasetBody = z.infer<typeof datasetSchema>

export const datasetListSchema = z
  .object({ items: z.array(datasetSchema).describe('Datasets that the caller may export.') })
  .meta({ id: 'DatasetList' })
