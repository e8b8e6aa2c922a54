// The body of every error: a problem of RFC 9457 with a stable code.
import { z } from 'zod'
import { ERRORS, type ErrorCode } from '../vocabulary/errors.ts'

export const ERROR_CODES = Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]

export const fieldErrorSchema = z
  .object({
    path: z.string().describe('Which field, as in `filters.dateFrom` or `columns[2]`; empty: the whole body.'),
    message: z.string(),
  })
  .meta({ id: 'FieldError', description: 'One thing that is wrong with a request.' })

export const problemSchema = z
  .object({
    type: z.string().describe('`urn:waybill:error:` and the code.'),
    title: z.string().describe('What the code means, in a few words.'),
    status: z.int().min(400).max(599),
    detail: z.string().describe('What happened this time, and what to do.'),
    instance: z.string().describe('The path that was asked for.'),
    code: z.enum(ERROR_CODES).describe('Stable: match on it, not on texts.'),
    errors: z.array(fieldErrorSchema).optional().describe('Every field that is wrong; with VALIDATION_FAILED.'),
  })
  .meta({ id: 'Problem', description: 'An error (RFC 9457).' })
export type Problem = z.infer<typeof problemSchema>
