// The caller behind a token, with its permissions and limits.
import { z } from 'zod'
import { roleSchema } from './api-keys.ts'
import { callerNameSchema, countSchema, datasetNameSchema } from './fields.ts'

export const meSchema = z
  .object({
    id: z
      .string()
      .describe('Permanent id of the caller.')
      .meta({ examples: ['key:01a206bd-3a7c-70dd-b151-2b1407fb87af'] }),
    name: callerNameSchema.describe('Name in exports and in the audit trail.'),
    role: roleSchema,
    datasets: z.array(datasetNameSchema).describe('Datasets that the caller may export. Empty: all.'),
    limits: z.object({
      maxRows: z.int().min(1).describe('Maximum number of rows of one export.'),
      maxActiveExports: z
        .int()
        .min(1)
        .describe('Maximum number of exports that are queued or running at the same time.'),
      maxStoredBytes: z
        .int()
        .min(1)
        .nullable()
        .describe('Maximum total size of the stored files. Above it, new exports are refused. null: no limit.'),
    }),
    usage: z.object({
      storedBytes: countSchema.describe(
        'Total size of the stored files: exports that were neither deleted nor expired.',
      ),
    }),
  })
  .meta({ id: 'Me' })
export type Me = z.infer<typeof meSchema>
