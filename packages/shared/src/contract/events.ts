// The events of one export, with actor and time.
import { z } from 'zod'
import { EVENT_TYPES } from '../vocabulary/event-types.ts'
import { actorKindSchema, callerNameSchema, countSchema, instantSchema, pageLimitSchema } from './fields.ts'

export const repeatsSchema = countSchema
  .nullable()
  .describe(
    'Links that the same caller got again in the link period of this event. null: the event is no link, or a later period has begun and its event has the number in `data.repeatsBefore`.',
  )

const exportEventSchema = z
  .object({
    id: countSchema.describe('Increases with each event.'),
    type: z.enum(EVENT_TYPES),
    at: instantSchema,
    actor: callerNameSchema.describe('Name of the caller or worker.'),
    attempt: z.int().min(1).nullable().describe('Number of the attempt. null: before the first attempt.'),
    data: z.record(z.string(), z.unknown()).describe('Details, depending on the type of the event.'),
    actorKind: actorKindSchema,
    repeats: repeatsSchema,
  })
  .meta({ id: 'ExportEvent' })
export type ExportEvent = z.infer<typeof exportEventSchema>

export const eventCursorSchema = z
  .string()
  .regex(/^\d{1,18}$/, 'must be the nextCursor of a page')
  .optional()
  .describe('The `nextCursor` of the previous page.')

/** The default is the largest page, which holds all events of an ordinary export. */
export const exportEventListQuerySchema = z.strictObject({
  limit: pageLimitSchema.default(200),
  cursor: eventCursorSchema,
})
export type ExportEventListQuery = z.infer<typeof exportEventListQuerySchema>

export const nextEventCursorSchema = z
  .string()
  .nullable()
  .describe('Send it as `cursor` for the next page. null: this is the last page.')
  .meta({ examples: ['1041'] })

export const exportEventListSchema = z
  .object({ items: z.array(exportEventSchema).describe('Oldest first.'), nextCursor: nextEventCursorSchema })
  .meta({ id: 'ExportEventList' })
export type ExportEventList = z.infer<typeof exportEventListSchema>
