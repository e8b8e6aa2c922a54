// Webhooks as they are registered, seen and received.
import { z } from 'zod'
import { isStorableText, NOT_STORABLE } from '../vocabulary/text.ts'
import { TEST_EVENT, WEBHOOK_EVENTS } from '../vocabulary/webhook-events.ts'
import { exportErrorSchema } from './exports.ts'
import { callerNameSchema, countSchema, idSchema, instantSchema, pageLimitSchema, sha256Schema } from './fields.ts'

/** What may be in it depends on settings: the server says so when it is sent. */
export const webhookUrlSchema = z
  .string()
  .min(1)
  .describe('Absolute, https, without user name and fragment, on port 443 or 80; other networks by the operator.')
  .meta({ examples: ['https://receiver.example.com/waybill'] })

const eventSchema = z.enum(WEBHOOK_EVENTS)
const eventsSchema = z
  .array(eventSchema)
  .min(1)
  .refine((events) => new Set(events).size === events.length, 'must name each event once')
const descriptionSchema = z.string().trim().max(500).refine(isStorableText, NOT_STORABLE).describe('For people.')

export const newEndpointSchema = z
  .strictObject({
    url: webhookUrlSchema,
    events: eventsSchema.default([...WEBHOOK_EVENTS]).describe('Those to be told of; default: all.'),
    description: descriptionSchema.default(''),
  })
  .meta({ id: 'NewWebhookEndpoint' })

/** As it is sent: defaults may be left out. */
export type NewEndpointBody = z.input<typeof newEndpointSchema>

export const endpointChangeSchema = z
  .strictObject({
    url: webhookUrlSchema.optional(),
    events: eventsSchema.optional(),
    description: descriptionSchema.optional(),
    enabled: z.boolean().optional().describe('false: what is pending is given up. true: starts without a past.'),
  })
  .refine((change) => Object.keys(change).length > 0, {
    error: 'must change something',
    // A field that is not known has been told of already.
    when: ({ issues }) => issues.length === 0,
  })
  .meta({ id: 'WebhookEndpointChange', examples: [{ enabled: true }] })

export type EndpointChangeBody = z.input<typeof endpointChangeSchema>

export const DISABLED_REASONS = ['admin', 'gone', 'failing'] as const

export const endpointSchema = z
  .object({
    id: idSchema,
    url: webhookUrlSchema,
    events: z.array(z.string().meta({ examples: ['export.completed'] })),
    description: z
      .string()
      .describe('For people.')
      .meta({ examples: ['The nightly report'] }),
    enabled: z.boolean(),
    disabledAt: instantSchema.nullable(),
    disabledReason: z
      .enum(DISABLED_REASONS)
      .nullable()
      .describe('admin: somebody asked for it; gone: it answered 410; failing: no try has succeeded for five days.'),
    failingSince: instantSchema
      .nullable()
      .describe('The first failed try since the last one that succeeded, or since two days without any.'),
    previousSecretExpiresAt: instantSchema.nullable().describe('Until then the secret before signs too.'),
    createdBy: callerNameSchema,
    createdAt: instantSchema,
    updatedAt: instantSchema,
  })
  .meta({ id: 'WebhookEndpoint' })
export type EndpointBody = z.infer<typeof endpointSchema>

const secretSchema = z.string().meta({ examples: ['whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD'] })

export const endpointWithSecretSchema = endpointSchema
  .extend({ secret: secretSchema.describe('Signs every delivery. It is shown this once.') })
  .meta({ id: 'WebhookEndpointWithSecret' })

export type EndpointWithSecretBody = z.infer<typeof endpointWithSecretSchema>

export const endpointListSchema = z.object({ items: z.array(endpointSchema) }).meta({ id: 'WebhookEndpointList' })

export const callerSecretSchema = z
  .object({
    secret: secretSchema.describe('Signs what goes to the `webhookUrl` of your exports.'),
    createdAt: instantSchema,
    rotatedAt: instantSchema.nullable(),
    previousSecretExpiresAt: instantSchema.nullable().describe('Until then the secret before signs too.'),
  })
  .meta({ id: 'WebhookSecret' })
export type CallerSecretBody = z.infer<typeof callerSecretSchema>

export const DELIVERY_STATUSES = ['pending', 'delivered', 'failed'] as const

export const deliverySchema = z
  .object({
    id: idSchema.describe('The `webhook-id` of every try.'),
    endpointId: idSchema.nullable().describe('null: goes to the `webhookUrl` of the export.'),
    exportId: idSchema.nullable().describe('null: a test event.'),
    type: z.enum([...WEBHOOK_EVENTS, TEST_EVENT]),
    status: z.enum(DELIVERY_STATUSES),
    attempts: countSchema.describe('Tries since it was made, or asked for again.'),
    nextAttemptAt: instantSchema.nullable(),
    createdAt: instantSchema,
    endedAt: instantSchema.nullable(),
    tries: z
      .array(
        z.object({
          at: instantSchema,
          milliseconds: countSchema,
          status: z.int().nullable().describe('Of the answer, if there was one.'),
          error: z
            .string()
            .nullable()
            .describe('Why there was no answer, or none that counts.')
            .meta({ examples: ['no answer in time'] }),
          answer: z
            .string()
            .describe('The first 2 kB of it; empty for who is no administrator.')
            .meta({ examples: ['OK'] }),
        }),
      )
      .describe('Oldest first.'),
  })
  .meta({ id: 'WebhookDelivery' })
export type DeliveryBody = z.infer<typeof deliverySchema>

export const deliveryListSchema = z
  .object({ items: z.array(deliverySchema).describe('Newest first.'), nextCursor: idSchema.nullable() })
  .meta({ id: 'WebhookDeliveryList' })

export const deliveryListQuerySchema = z.strictObject({
  limit: pageLimitSchema,
  cursor: z.uuid().optional().describe('The `nextCursor` of the page before.'),
})
export type DeliveryListQuery = z.infer<typeof deliveryListQuerySchema>

/** What arrives, for whoever receives it: the body of an `export.*` event. */
export const webhookEventSchema = z
  .object({
    type: eventSchema,
    timestamp: instantSchema.describe('When it happened.'),
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
        download: z.url().nullable().describe('Asks for your token, then leads to the file; null: there is none.'),
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
