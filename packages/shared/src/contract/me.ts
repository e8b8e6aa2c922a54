// Who a token is, and what it may.
import { z } from 'zod'
import { roleSchema } from './api-keys.ts'
import { callerNameSchema, datasetNameSchema } from './fields.ts'

export const meSchema = z
  .object({
    id: z
      .string()
      .describe('Never changes.')
      .meta({ examples: ['key:01a206bd-3a7c-70dd-b151-2b1407fb87af'] }),
    name: callerNameSchema.describe('As exports and trails show it.'),
    role: roleSchema,
    datasets: z.array(datasetNameSchema).describe('Those that it may export; empty: all.'),
    limits: z.object({
      maxRows: z.int().min(1).describe('Rows of one export at most.'),
      maxActiveExports: z.int().min(1).describe('Exports queued or running at once.'),
    }),
  })
  .meta({ id: 'Me' })
export type Me = z.infer<typeof meSchema>
