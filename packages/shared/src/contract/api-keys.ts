// API keys as administrators create and list them. The key itself is shown once.
import { z } from 'zod'
import { isStorableText, NOT_STORABLE } from '../vocabulary/text.ts'
import { callerNameSchema, datasetNameSchema, idSchema, instantSchema } from './fields.ts'

export const ROLES = ['admin', 'exporter'] as const
export const roleSchema = z.enum(ROLES).describe('An admin has all permissions. An exporter only sees its own exports.')

const nameSchema = z
  .string()
  .trim()
  .min(1)
  .max(100)
  .refine(isStorableText, NOT_STORABLE)
  .describe('A label for people.')
  .meta({ examples: ['reports'] })

const futureSchema = z.iso
  .datetime({ offset: true })
  // Text that is not a date also gets here. It already has its own message, so this check must pass.
  .refine((text) => !(Date.parse(text) <= Date.now()), 'must be in the future')

export const newApiKeySchema = z
  .strictObject({
    name: nameSchema,
    role: roleSchema,
    datasets: z
      .array(z.string())
      .max(100)
      .default([])
      .describe('Datasets that the key may export. Empty: all. Must be empty for the role admin.'),
    expiresAt: futureSchema.optional().describe('When the key expires. Default: never.'),
  })
  .meta({ id: 'NewApiKey', examples: [{ name: 'reports', role: 'exporter', datasets: ['users'] }] })

/** What a caller sends: fields with a default are optional. */
export type NewApiKeyBody = z.input<typeof newApiKeySchema>

/** Omitted fields stay unchanged. */
export const apiKeyPatchSchema = z
  .strictObject({
    name: nameSchema.optional(),
    role: roleSchema.optional(),
    datasets: z
      .array(z.string())
      .max(100)
      .optional()
      .describe('Datasets that the key may export. Empty: all. Must be empty for the role admin.'),
    expiresAt: futureSchema.nullable().optional().describe('When the key expires. null: never.'),
  })
  .meta({ id: 'ApiKeyPatch', examples: [{ datasets: ['users'] }] })

export type ApiKeyPatchBody = z.input<typeof apiKeyPatchSchema>

export const rotationSchema = z
  .strictObject({
    overlap: z
      .string()
      .regex(/^\d+(ms|s|m|h|d)$/, 'must be a duration like 30m, 1h or 7d')
      .default('0s')
      .describe(
        'How long the old key stays valid, for example 30m or 1h, at most 7d. Default: it becomes invalid immediately.',
      ),
  })
  .prefault({})
  .meta({ id: 'ApiKeyRotation', examples: [{ overlap: '1h' }] })

export const apiKeySchema = z
  .object({
    id: idSchema,
    name: callerNameSchema.describe('A label for people.'),
    role: roleSchema,
    prefix: z
      .string()
      .describe('The first characters of the key, to identify it.')
      .meta({ examples: ['wb_3q27wXyZ'] }),
    datasets: z.array(datasetNameSchema).describe('Datasets that the key may export. Empty: all.'),
    createdBy: callerNameSchema,
    createdAt: instantSchema,
    expiresAt: instantSchema.nullable(),
    revokedAt: instantSchema.nullable(),
    rotatedAt: instantSchema.nullable().describe('When the key was last rotated.'),
    previousKeyUntil: instantSchema
      .nullable()
      .describe('Until when the key from before the last rotation is or was valid.'),
    lastUsedAt: instantSchema.nullable().describe('Accurate to one minute.'),
  })
  .meta({ id: 'ApiKey' })
export type ApiKeyBody = z.infer<typeof apiKeySchema>

export const createdApiKeySchema = apiKeySchema
  .extend({
    key: z
      .string()
      .describe('The key itself. It is shown only in this response and never stored.')
      .meta({ examples: ['wb_3q27wXyZ…'] }),
  })
  .meta({ id: 'CreatedApiKey' })
export type CreatedApiKeyBody = z.infer<typeof createdApiKeySchema>

export const apiKeyListSchema = z
  .object({ items: z.array(apiKeySchema).describe('Newest first, including revoked keys.') })
  .meta({ id: 'ApiKeyList' })
