// The first rows of a file, before it is asked for.
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
      .describe('By the names of the columns; each cell as text, exactly as the database has it.')
      .meta({ examples: [[{ created_at: '2026-05-01T12:00:00.123456Z' }]] }),
    content: z
      .string()
      .nullable()
      .describe('The text of the file with these rows; null for xlsx, which is none.')
      .meta({ examples: ['created_at\r\n2026-05-01T12:00:00.123456Z\r\n'] }),
    estimatedRows: countSchema.describe('How many rows the planner expects the whole file to have.'),
  })
  .meta({ id: 'Preview' })
export type Preview = z.infer<typeof previewSchema>
