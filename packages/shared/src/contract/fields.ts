// Fields that several bodies and query strings share.
import { z } from 'zod'
import { ACTOR_KINDS, CALLER_KINDS } from '../vocabulary/caller-kind.ts'

/** UUID version 7, ordered by time of creation. */
export const idSchema = z.uuid().meta({ examples: ['01a206bd-3a7c-70dd-b151-2b1407fb87af'] })

/** An id in a path, accepted in upper or lower case. */
export const pathIdSchema = idSchema.toLowerCase()

/** RFC 3339 in UTC, with milliseconds. */
export const instantSchema = z.iso.datetime().meta({ examples: ['2026-06-09T12:00:00.000Z'] })

export const datasetNameSchema = z
  .string()
  .describe('Name of a dataset, see `GET /v1/datasets`.')
  .meta({ examples: ['user-points'] })

/** The display name of a caller. The caller is identified by its id. */
export const callerNameSchema = z.string().meta({ examples: ['reports'] })

export const callerKindSchema = z
  .enum(CALLER_KINDS)
  .describe('`api-key`: the name is the beginning of a key. `oidc`: the name comes from the identity provider.')

export const actorKindSchema = z
  .enum(ACTOR_KINDS)
  .describe('As for a caller. `waybill`: a worker, the settings or the command line of the operator.')

export const filenameSchema = z
  .string()
  .describe('File name of the download.')
  .meta({ examples: ['user-points_20260609T120000Z.csv'] })

export const contentTypeSchema = z.string().meta({ examples: ['text/csv; charset=utf-8'] })

export const countSchema = z.int().min(0)

/** Hex digest of the stored object, which is the compressed file if compression was requested. */
export const sha256Schema = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .meta({ examples: ['9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'] })

export const scopeSchema = z
  .enum(['mine', 'all'])
  .default('mine')
  .describe('`mine`: exports of the caller. `all`: exports of all callers (administrators only).')

export const listFormatSchema = z
  .enum(['json', 'csv'])
  .optional()
  .describe('The format of the response. Default: the one that `Accept` prefers, else JSON.')

export const pageLimitSchema = z.coerce.number().int().min(1).max(200).default(50).describe('Maximum number of items.')
