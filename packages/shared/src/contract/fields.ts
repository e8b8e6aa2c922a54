// Fields that bodies and query strings of several topics share.
import { z } from 'zod'

/** UUID, version 7: in order of creation. */
export const idSchema = z.uuid().meta({ examples: ['01a206bd-3a7c-70dd-b151-2b1407fb87af'] })

/** An id in a path: however its letters are written, it is the same. */
export const pathIdSchema = idSchema.toLowerCase()

/** RFC 3339 in UTC, to the millisecond. */
export const instantSchema = z.iso.datetime().meta({ examples: ['2026-06-09T12:00:00.000Z'] })

export const datasetNameSchema = z
  .string()
  .describe('As `GET /v1/datasets` names it.')
  .meta({ examples: ['user-points'] })

/** Of a caller: what people see. Its id is what counts. */
export const callerNameSchema = z.string().meta({ examples: ['reports'] })

export const filenameSchema = z
  .string()
  .describe('What the download is saved as.')
  .meta({ examples: ['user-points_20260609T120000Z.csv'] })

export const contentTypeSchema = z.string().meta({ examples: ['text/csv; charset=utf-8'] })

export const countSchema = z.int().min(0)

/** Hex, of the stored object: of the compressed file where it is compressed. */
export const sha256Schema = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .meta({ examples: ['9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'] })

export const scopeSchema = z
  .enum(['mine', 'all'])
  .default('mine')
  .describe('Whose: the caller’s own, or those of everybody (administrators only).')

export const pageLimitSchema = z.coerce.number().int().min(1).max(200).default(50).describe('How many at most.')
