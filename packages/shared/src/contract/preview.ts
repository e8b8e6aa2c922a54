// The first rows of a file, shown before the export is requested.
import { z } from 'zod'
import { FORMAT_NAMES } from '../vocabulary/export.ts'
import { columnSchema } from './datasets.ts'
import { countSchema, datasetNameSchema } from './fields.ts'

export const previewSchema = z
  .object({
    dataset: datasetNameSchema,
    format: z.enum(FORMAT_NAMES),
    columns: z.array(columnSchema),
    rows: z
      .array(z.record(z.string(), z.string().nullable()))
      .max(20)
      .describe(
        'Rows by column name. Each cell is text, exactly as in the database. A long one is its beginning and an ellipsis, see `cutCells`.',
      )
      .meta({ examples: [[{ created_at: '2026-05-01T12:00:00.123456Z' }]] }),
    content: z
      .string()
      .nullable()
      .describe('The file with these rows, as text. null: xlsx, which is binary.')
      .meta({ examples: ['created_at\r\n2026-05-01T12:00:00.123456Z\r\n'] }),
    cutCells: z
      .array(
        z.object({
          row: countSchema.describe('Index in `rows`, from 0.'),
          column: z.string().describe('Name of the column.'),
        }),
      )
      .describe('Cells that are shown up to a length only. The file holds them whole.')
      .meta({ examples: [[]] }),
    estimatedRows: countSchema.describe('Estimate of the rows in the whole file, by the query planner.'),
  })
  .meta({ id: 'Preview' })
export type Preview = z.infer<typeof previewSchema>
