// Health checks for load balancers and monitoring.
import { z } from 'zod'

export const livenessSchema = z.object({ status: z.literal('ok') }).meta({ id: 'Liveness' })

export const readinessSchema = z
  .object({
    status: z.enum(['ok', 'away', 'starting', 'stopping']),
    dependencies: z
      .record(z.string(), z.enum(['ok', 'away']))
      .optional()
      .describe('Status of each dependency by name. Absent while the process is stopping.'),
  })
  .meta({ id: 'Readiness' })
export type Readiness = z.infer<typeof readinessSchema>
