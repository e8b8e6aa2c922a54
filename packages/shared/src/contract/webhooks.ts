// Webhook endpoints, deliveries and the events that receivers get.
import { z } from 'zod'
import { isStorableText, NOT_STORABLE } from '../vocabulary/text.ts'
import { TEST_EVENT, WEBHOOK_EVENTS } from '../vocabulary/webhook-events.ts'
import { exportErrorSchema } from './exports.ts'
import { callerNameSchema, countSchema, idSchema, instantSchema, pageLimitSchema, sha256Schema } from './fields.ts'

/** Which URLs are allowed depends on settings, so the server checks it on each request. */
const webhookUrlSchema = z
  .string()
  .min(1)
  .describe(
    'Absolute https URL without user name and fragment, on port 443 or 80. The operator can allow other networks.',
  )
  .meta({ examples: ['https://receiver.example.com/waybill'] })

const eventSchema = z.enum(WEBHOOK_EVENTS)
const eventsSchema = z
  .array(eventSchema)
  .min(1)
  .refine((events) => new Set(events).size === events.length, 'must name each event once')
const descriptionSchema = z.string().trim().max(500).refine(isStorableText, NOT_STORABLE).describe('A note for people.')

export const newEndpointSchema = z
  .strictObject({
    url: webhookUrlSchema,
    events: eventsSchema.default([...WEBHOOK_EVENTS]).describe('Events to send. Default: all.'),
    description: descriptionSchema.default(''),
  })
  .meta({ id: 'NewWebhookEndpoint' })

/** What a caller sends: fields with a default are optional. */
export type NewEndpointBody = z.input<typeof newEndpointSchema>

export const endpointChangeSchema = z
  .strictObject({
    url: webhookUrlSchema.optional(),
    events: eventsSchema.optional(),
    description: descriptionSchema.optional(),
    enabled: z
      .boolean()
      .optional()
      .describe('false: pending deliveries are dropped. true: earlier failures are forgotten.'),
  })
  .refine((change) => Object.keys(change).length > 0, {
    error: 'must change something',
    // An unknown field already has its own message.
    when: ({ issues }) => issues.length === 0,
  })
  .meta({ id: 'WebhookEndpointChange', examples: [{ enabled: true }] })

export type EndpointChangeBody = z.input<typeof endpointChangeSchema>

const DISABLED_REASONS = ['admin', 'gone', 'failing'] as const

export const endpointSchema = z
  .object({
    id: idSchema,
    url: webhookUrlSchema,
    events: z.array(z.string().meta({ examples: ['export.completed'] })),
    description: z
      .string()
      .describe('A note for people.')
      .meta({ examples: ['The nightly report'] }),
    enabled: z.boolean(),
    disabledAt: instantSchema.nullable(),
    disabledReason: z
      .enum(DISABLED_REASONS)
      .nullable()
      .describe(
        'admin: disabled by an administrator. gone: the receiver answered 410. failing: no attempt has succeeded for five days.',
      ),
    failingSince: instantSchema
      .nullable()
      .describe('First failed attempt since the last success, or since two days without attempts.'),
    previousSecretExpiresAt: instantSchema
      .nullable()
      .describe('Until then, deliveries are also signed with the previous secret.'),
    createdBy: callerNameSchema,
    createdAt: instantSchema,
    updatedAt: instantSchema,
  })
  .meta({ id: 'WebhookEndpoint' })
export type EndpointBody = z.infer<typeof endpointSchema>

const secretSchema = z.string().meta({ examples: ['whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD'] })

export const endpointWithSecretSchema = endpointSchema
  .extend({ secret: secretSchema.describe('Signs every delivery. It is shown only in this response.') })
  .meta({ id: 'WebhookEndpointWithSecret' })

export type EndpointWithSecretBody = z.infer<typeof endpointWithSecretSchema>

export const endpointListSchema = z.object({ items: z.array(endpointSchema) }).meta({ id: 'WebhookEndpointList' })

export const callerSecretSchema = z
  .object({
    secret: secretSchema.describe('Signs deliveries to the `webhookUrl` of your exports.'),
    createdAt: instantSchema,
    rotatedAt: instantSchema.nullable(),
    previousSecretExpiresAt: instantSchema
      .nullable()
      .describe('Until then, deliveries are also signed with the previous secret.'),
  })
  .meta({ id: 'WebhookSecret' })
export type CallerSecretBody = z.infer<typeof callerSecretSchema>

const DELIVERY_STATUSES = ['pending', 'delivered', 'failed'] as const

/** A delivery may be sent again as often as its caller likes, so an answer holds only the last attempts. */
export const MAX_TRIES_IN_DELIVERY = 20

const trySchema = z
  .object({
    at: instantSchema,
    milliseconds: countSchema,
    status: z.int().nullable().describe('HTTP status of the response. null: no response.'),
    error: z
      .string()
      .nullable()
      .describe(
        'Why the attempt failed. Only an administrator can tell a name that is not known from one that leads to an address that is not allowed.',
      )
      .meta({ examples: ['no answer in time'] }),
    answer: z
      .string()
      .describe('First 2 kB of the response body. Empty unless the caller is an administrator.')
      .meta({ examples: ['OK'] }),
  })
  .meta({ id: 'WebhookTry' })
export type TryBody = z.infer<typeof trySchema>

export const tryListSchema = z
  .object({
    items: z.array(trySchema).describe('Newest first.'),
    nextCursor: z
      .string()
      .nullable()
      .describe('Send it as `cursor` for the next page. null: this is the last page.')
      .meta({ examples: ['512'] }),
  })
  .meta({ id: 'WebhookTryList' })

export const tryListQuerySchema = z.strictObject({
  limit: pageLimitSchema,
  cursor: z
    .string()
    .regex(/^\d{1,18}$/, 'must be the nextCursor of a page')
    .optional()
    .describe('The `nextCursor` of the previous page.'),
})
export type TryListQuery = z.infer<typeof tryListQuerySchema>

export const deliverySchema = z
  .object({
    id: idSchema.describe('The `webhook-id` header of every attempt.'),
    endpointId: idSchema.nullable().describe('null: the delivery goes to the `webhookUrl` of the export.'),
    exportId: idSchema.nullable().describe('null: a test event.'),
    type: z.enum([...WEBHOOK_EVENTS, TEST_EVENT]),
    status: z.enum(DELIVERY_STATUSES),
    attempts: countSchema.describe('Attempts since it was created or redelivered.'),
    nextAttemptAt: instantSchema.nullable(),
    createdAt: instantSchema,
    endedAt: instantSchema.nullable(),
    tries: z
      .array(trySchema)
      .describe(
        `The last ${MAX_TRIES_IN_DELIVERY} attempts, oldest first. \`GET /v1/webhook-deliveries/{id}/tries\` lists all of them.`,
      ),
    tryCount: countSchema.describe('Number of all attempts, also of those before a redelivery.'),
  })
  .meta({ id: 'WebhookDelivery' })
export type DeliveryBody = z.infer<typeof deliverySchema>

export const deliveryListSchema = z
  .object({ items: z.array(deliverySchema).describe('Newest first.'), nextCursor: idSchema.nullable() })
  .meta({ id: 'WebhookDeliveryList' })

export const deliveryListQuerySchema = z.strictObject({
  limit: pageLimitSchema,
  cursor: z.uuid().optional().describe('The `nextCursor` of the previous page.'),
})
export type DeliveryListQuery = z.infer<typeof deliveryListQuerySchema>

/** The body of an `export.*` event, as receivers get it. */
export const webhookEventSchema = z
  .object({
    type: eventSchema,
    timestamp: instantSchema.describe('Time of the event.'),
    data: z.object({
      id: idSchema,
      dataset: z.string(),
      format: z.string(),
      status: z.string(),
      rowCount: countSchema.nullable(),
      bytes: countSchema.nullable(),
      sha256: sha256Schema.nullable(),
      error: exportErrorSchema.nullable(),
      links: z.object({
        self: z.url(),
        download: z
          .url()
          .nullable()
          .describe('Download address. It requires your token and redirects to the file. null: no file.'),
      }),
    }),
  })
  .meta({
    id: 'WebhookEvent',
    examples: [
      {
        type: 'export.completed',
        timestamp: '2026-06-09T12:00:00.475Z',
        data: {
          ...{ id: '01a206bd-3a7c-70dd-b151-2b1407fb87af', dataset: 'user-points', format: 'csv', status: 'completed' },
          ...{ rowCount: 1000, bytes: 73_960, error: null },
          sha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
          links: {
            self: 'https://waybill.example.com/v1/exports/01a206bd-3a7c-70dd-b151-2b1407fb87af',
            download: 'https://waybill.example.com/v1/exports/01a206bd-3a7c-70dd-b151-2b1407fb87af/download',
          },
        },
      },
    ],
  })
export type WebhookEventBody = z.infer<typeof webhookEventSchema>
