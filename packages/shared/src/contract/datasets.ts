// What can be exported: datasets, their columns and their filters.
import { z } from 'zod'
import { FORMAT_NAMES } from '../vocabulary/export.ts'
import { COLUMN_KINDS } from '../vocabulary/table.ts'
import { datasetNameSchema } from './fields.ts'

export const columnSchema = z
  .object({
    name: z
      .string()
      .describe('The header in the file.')
      .meta({ examples: ['created_at'] }),
    kind: z.enum(COLUMN_KINDS).describe('How each format writes its cells.'),
  })
  .meta({ id: 'Column' })

export const datasetSchema = z
  .object({
    name: datasetNameSchema,
    title: z
      .string()
      .describe('For people.')
      .meta({ examples: ['User points'] }),
    columns: z.array(columnSchema).describe('All, in their usual order.'),
    filters: z.array(
      z.object({
        name: z.string().meta({ examples: ['dateFrom'] }),
        description: z.string().meta({ examples: ['Rows created at this time or later.'] }),
        schema: z
          .record(z.string(), z.unknown())
          .describe('What it takes, as JSON Schema.')
          .meta({ examples: [{ type: 'string', format: 'date-time' }] }),
      }),
    ),
    formats: z.array(z.enum(FORMAT_NAMES)),
    maxRows: z.int().min(1).describe('The highest `limit`, and the limit where none is asked for.'),
  })
  .meta({ id: 'Dataset' })
export type DatasetBody = z.infer<typeof datasetSchema>

export const datasetListSchema = z
  .object({ items: z.array(datasetSchema).describe('Those that the caller may export.') })
  .meta({ id: 'DatasetList' })
