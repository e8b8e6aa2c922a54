// The events of one export, with actor and time.
import { z } from 'zod'
import { EVENT_TYPES } from '../vocabulary/event-types.ts'
import { actorKindSchema, callerNameSchema, countSchema, instantSchema } from './fields.ts'

export const exportEventSchema = z
  .object({
    id: countSchema.describe('Increases with each event.'),
    type: z.enum(EVENT_TYPES),
    at: instantSchema,
    actor: callerNameSchema.describe('Name of the caller or worker.'),
    attempt: z.int().min(1).nullable().describe('Number of the attempt. null: before the first attempt.'),
    data: z.record(z.string(), z.unknown()).describe('Details, depending on the type of the event.'),
    actorKind: actorKindSchema,
  })
  .meta({ id: 'ExportEvent' })
export type ExportEvent = z.infer<typeof exportEventSchema>

export const exportEventListSchema = z
  .object({ items: z.array(exportEventSchema).describe('Oldest first.') })
  .meta({ id: 'ExportEventList' })
