// The audit trail for administrators: every event with its actor and its place in the hash chain.
import { z } from 'zod'
import { EVENT_TYPES } from '../vocabulary/event-types.ts'
import { instantFilterSchema } from '../vocabulary/instant.ts'
import { isStorableText, NOT_STORABLE } from '../vocabulary/text.ts'
import { eventCursorSchema, nextEventCursorSchema, repeatsSchema } from './events.ts'
import {
  actorKindSchema,
  callerNameSchema,
  countSchema,
  idSchema,
  instantSchema,
  listFormatSchema,
  pageLimitSchema,
} from './fields.ts'

export const auditQuerySchema = z.strictObject({
  from: instantFilterSchema.optional().describe('Events at this time or later. A date means its start in UTC.'),
  to: instantFilterSchema.optional().describe('Events at this time or earlier. A date includes the whole day in UTC.'),
  actor: z
    .string()
    .min(1)
    .max(1000)
    .refine(isStorableText, NOT_STORABLE)
    .optional()
    .describe('Events of this caller or worker, by name or id.'),
  type: z.enum(EVENT_TYPES).optional(),
  format: listFormatSchema,
  limit: pageLimitSchema,
  cursor: eventCursorSchema,
})
export type AuditQuery = z.infer<typeof auditQuerySchema>

const hashSchema = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .meta({ examples: ['60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752'] })

export const auditEventSchema = z
  .object({
    id: countSchema.describe('Position in the hash chain: 1, 2, 3, …'),
    at: instantSchema,
    type: z.enum(EVENT_TYPES),
    actor: callerNameSchema.describe('Name of the caller or worker.'),
    actorId: z
      .string()
      .nullable()
      .describe('Id of the caller, which does not change when the name changes. null: a worker.')
      .meta({ examples: ['key:01a206bd-3a7c-70dd-b151-2b1407fb87af'] }),
    address: z
      .string()
      .nullable()
      .describe('IP address of the client.')
      .meta({ examples: ['192.0.2.7'] }),
    userAgent: z
      .string()
      .nullable()
      .describe('User-Agent header of the client, the first 256 characters.')
      .meta({ examples: ['curl/8.14.1'] }),
    exportId: idSchema.nullable(),
    attempt: z.int().min(1).nullable(),
    data: z.record(z.string(), z.unknown()).describe('Details, depending on the type of the event.'),
    previousHash: hashSchema.describe('Hash of the previous event. Zeros for the first event.'),
    hash: hashSchema.describe(
      'SHA-256 over all fields except `actorKind`, which follows from `actorId`, and `repeats`.',
    ),
    actorKind: actorKindSchema,
    repeats: repeatsSchema,
  })
  .meta({ id: 'AuditEvent' })
export type AuditEventBody = z.infer<typeof auditEventSchema>

export const auditPageSchema = z
  .object({
    items: z.array(auditEventSchema).describe('Newest first.'),
    nextCursor: nextEventCursorSchema,
  })
  .meta({ id: 'AuditPage' })
