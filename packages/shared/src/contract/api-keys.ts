// API keys as administrators make and see them. The key itself is shown once.
import { z } from 'zod'
import { isStorableText, NOT_STORABLE } from '../text.ts'
import { idSchema, instantSchema } from './fields.ts'

export const ROLES = ['admin', 'exporter'] as const
export const roleSchema = z.enum(ROLES).describe('An admin sees and does all; an exporter sees its own exports only.')

export const newApiKeySchema = z
  .strictObject({
    name: z.string().trim().min(1).max(100).refine(isStorableText, NOT_STORABLE).describe('For people.'),
    role: roleSchema,
    datasets: z.array(z.string()).max(100).default([]).describe('Those that it may export; empty: all.'),
    expiresAt: z.iso
      .datetime({ offset: true })
      // Also asked of what is no date, which has been said already.
      .refine((text) => !(Date.parse(text) <= Date.now()), 'must be in the future')
      .optional()
      .describe('When it ends by itself.'),
  })
  .meta({ id: 'NewApiKey', examples: [{ name: 'reports', role: 'exporter', datasets: ['users'] }] })

/** As it is sent: defaults may be left out. */
export type NewApiKeyBody = z.input<typeof newApiKeySchema>

export const apiKeySchema = z
  .object({
    id: idSchema,
    name: z.string(),
    role: roleSchema,
    prefix: z.string().describe('The first characters of the key, to recognise it by.'),
    datasets: z.array(z.string()).describe('Those that it may export; empty: all.'),
    createdBy: z.string(),
    createdAt: instantSchema,
    expiresAt: instantSchema.nullable(),
    revokedAt: instantSchema.nullable(),
    lastUsedAt: instantSchema.nullable().describe('To the minute.'),
  })
  .meta({ id: 'ApiKey' })
export type ApiKeyBody = z.infer<typeof apiKeySchema>

export const createdApiKeySchema = apiKeySchema
  .extend({ key: z.string().describe('The key itself. It is shown this once and stored nowhere.') })
  .meta({ id: 'CreatedApiKey' })
export type CreatedApiKeyBody = z.infer<typeof createdApiKeySchema>

export const apiKeyListSchema = z
  .object({ items: z.array(apiKeySchema).describe('Newest first, the revoked ones too.') })
  .meta({ id: 'ApiKeyList' })
