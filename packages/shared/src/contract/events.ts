// The trail of an export: who did what to it, and when.
import { z } from 'zod'
import { EVENT_TYPES } from '../vocabulary/event-types.ts'
import { callerNameSchema, countSchema, instantSchema } from './fields.ts'

export const exportEventSchema = z
  .object({
    id: countSchema.describe('Grows with time.'),
    type: z.enum(EVENT_TYPES),
    at: instantSchema,
    actor: callerNameSchema.describe('Who did it: the name of a caller, or of a worker.'),
    attempt: z.int().min(1).nullable().describe('The attempt that it belongs to; null before the first.'),
    data: z.record(z.string(), z.unknown()).describe('What there is to know beside, by type of event.'),
  })
  .meta({ id: 'ExportEvent' })
export type ExportEvent = z.infer<typeof exportEventSchema>

export const exportEventListSchema = z
  .object({ items: z.array(exportEventSchema).describe('Oldest first.') })
  .meta({ id: 'ExportEventList' })
