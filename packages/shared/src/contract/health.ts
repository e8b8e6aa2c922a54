// What load balancers and monitors are told.
import { z } from 'zod'

export const livenessSchema = z.object({ status: z.literal('ok') }).meta({ id: 'Liveness' })

export const readinessSchema = z
  .object({
    status: z.enum(['ok', 'away', 'starting', 'stopping']),
    dependencies: z
      .record(z.string(), z.enum(['ok', 'away']))
      .optional()
      .describe('Each by its name; absent while the process stops.'),
  })
  .meta({ id: 'Readiness' })
export type Readiness = z.infer<typeof readinessSchema>
