// API keys as administrators make and see them. The key itself is shown once.
import { z } from 'zod'
import { isStorableText, NOT_STORABLE } from '../vocabulary/text.ts'
import { callerNameSchema, datasetNameSchema, idSchema, instantSchema } from './fields.ts'

export const ROLES = ['admin', 'exporter'] as const
export const roleSchema = z.enum(ROLES).describe('An admin sees and does all; an exporter sees its own exports only.')

const nameSchema = z
  .string()
  .trim()
  .min(1)
  .max(100)
  .refine(isStorableText, NOT_STORABLE)
  .describe('For people.')
  .meta({ examples: ['reports'] })

const futureSchema = z.iso
  .datetime({ offset: true })
  // Also asked of what is no date, which has been said already.
  .refine((text) => !(Date.parse(text) <= Date.now()), 'must be in the future')

export const newApiKeySchema = z
  .strictObject({
    name: nameSchema,
    role: roleSchema,
    datasets: z.array(z.string()).max(100).default([]).describe('Those that it may export; empty: all.'),
    expiresAt: futureSchema.optional().describe('When it ends by itself.'),
  })
  .meta({ id: 'NewApiKey', examples: [{ name: 'reports', role: 'exporter', datasets: ['users'] }] })

/** As it is sent: defaults may be left out. */
export type NewApiKeyBody = z.input<typeof newApiKeySchema>

/** What is left out stays as it is. */
export const apiKeyPatchSchema = z
  .strictObject({
    name: nameSchema.optional(),
    role: roleSchema.optional(),
    datasets: z.array(z.string()).max(100).optional().describe('Those that it may export; empty: all.'),
    expiresAt: futureSchema.nullable().optional().describe('When it ends by itself; null: never.'),
  })
  .meta({ id: 'ApiKeyPatch', examples: [{ datasets: ['users'] }] })

export type ApiKeyPatchBody = z.input<typeof apiKeyPatchSchema>

export const rotationSchema = z
  .strictObject({
    overlap: z
      .string()
      .regex(/^\d+(ms|s|m|h|d)$/, 'must be written as in 30m, 1h or 7d')
      .default('0s')
      .describe('So long the old key works on: 30m, 1h, at most 7d. Default: it stops at once.'),
  })
  .prefault({})
  .meta({ id: 'ApiKeyRotation', examples: [{ overlap: '1h' }] })

export const apiKeySchema = z
  .object({
    id: idSchema,
    name: callerNameSchema.describe('For people.'),
    role: roleSchema,
    prefix: z
      .string()
      .describe('The first characters of the key, to recognise it by.')
      .meta({ examples: ['wb_3q27wXyZ'] }),
    datasets: z.array(datasetNameSchema).describe('Those that it may export; empty: all.'),
    createdBy: callerNameSchema,
    createdAt: instantSchema,
    expiresAt: instantSchema.nullable(),
    revokedAt: instantSchema.nullable(),
    rotatedAt: instantSchema.nullable().describe('When it last got a new key.'),
    previousKeyUntil: instantSchema
      .nullable()
      .describe('How long the key before the last rotation works, or worked, on.'),
    lastUsedAt: instantSchema.nullable().describe('To the minute.'),
  })
  .meta({ id: 'ApiKey' })
export type ApiKeyBody = z.infer<typeof apiKeySchema>

export const createdApiKeySchema = apiKeySchema
  .extend({
    key: z
      .string()
      .describe('The key itself. It is shown this once and stored nowhere.')
      .meta({ examples: ['wb_3q27wXyZ…'] }),
  })
  .meta({ id: 'CreatedApiKey' })
export type CreatedApiKeyBody = z.infer<typeof createdApiKeySchema>

export const apiKeyListSchema = z
  .object({ items: z.array(apiKeySchema).describe('Newest first, the revoked ones too.') })
  .meta({ id: 'ApiKeyList' })
