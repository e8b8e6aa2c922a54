// Who a token is, and what it may.
import { z } from 'zod'
import { roleSchema } from './api-keys.ts'

export const meSchema = z
  .object({
    id: z.string().describe('Never changes.'),
    name: z.string().describe('As exports and trails show it.'),
    role: roleSchema,
    datasets: z.array(z.string()).describe('Those that it may export; empty: all.'),
    limits: z.object({
      maxRows: z.int().min(1).describe('Rows of one export at most.'),
      maxActiveExports: z.int().min(1).describe('Exports queued or running at once.'),
    }),
  })
  .meta({ id: 'Me' })
export type Me = z.infer<typeof meSchema>
